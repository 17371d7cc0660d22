"""Shows what MLflow has recorded about each version next to the history of its code.

``records`` are the data that the other modules exchange. ``walk`` reads git; ``models``, ``traces``
and ``trace_metrics`` read MLflow, and ``reading`` puts them together within a deadline; ``join``
makes one record of each version; ``findings`` and ``statistics`` find the changes in them.
``assemble`` does all of it.
"""

from __future__ import annotations

import os
import sys
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gitver_hooks.history.records import History


class _CallableModule(ModuleType):
    """Makes ``gitver_hooks.history(...)`` work although it is also the name of this package."""

    def __call__(
        self, path: str | os.PathLike[str] = ".", *, limit: int = 20, deadline: float = 10.0
    ) -> History:
        """See ``gitver_hooks.history.assemble.history``."""
        from gitver_hooks.history.assemble import history

        return history(path, limit=limit, deadline=deadline)


sys.modules[__name__].__class__ = _CallableModule
