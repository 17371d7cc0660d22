"""Notes when each module was loaded, as exactly as this process can know.

Standard library only. The time is known for modules that are imported after this one, and for
successful reloads: a finder notes the time of each look-up, because the import system and
``importlib.reload`` ask all finders before they load.
"""

from __future__ import annotations

import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from importlib.abc import Loader
    from importlib.machinery import ModuleSpec
    from types import ModuleType


class _NotingLoader:
    """A module's own loader for one reload, whose success is noted: else the old code stays."""

    def __init__(self, spec: ModuleSpec, loader: Loader, note: Callable[[], None]) -> None:
        self._spec = spec
        self._loader = loader
        self._note = note

    def __getattr__(self, name: str) -> object:
        return getattr(self._loader, name)

    def exec_module(self, module: ModuleType) -> None:
        # Whatever becomes of the module, its loader is its own again.
        self._spec.loader = module.__loader__ = self._loader
        self._loader.exec_module(module)
        self._note()


class _LookUps:
    """A finder that notes when each module was looked up, and leaves finding it to the others."""

    def __init__(self) -> None:
        self.times: dict[str, int] = {}
        self.reloaded: set[str] = set()

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        began = time.time_ns()
        if target is None:
            self.times[name] = began
            return None
        spec = self._found_by_others(name, path, target)
        # A loader without exec_module is as old as Python 3.3: such a reload is not noted.
        if spec is not None and spec.loader is not None and hasattr(spec.loader, "exec_module"):
            loader = _NotingLoader(spec, spec.loader, lambda: note_reload(name, began))
            spec.loader = loader  # type: ignore[assignment]
        return spec

    def _found_by_others(
        self, name: str, path: Sequence[str] | None, target: ModuleType
    ) -> ModuleSpec | None:
        """The spec that the import system would find for a reload without this finder."""
        for finder in list(sys.meta_path):
            if finder is self:
                continue
            find_spec = getattr(finder, "find_spec", None)
            if find_spec is None:
                # As old as Python 3.3, too: the import system knows how to ask it.
                return None
            spec: ModuleSpec | None = find_spec(name, path, target)
            if spec is not None:
                return spec
        return None


_LOOK_UPS = _LookUps()
sys.meta_path.insert(0, _LOOK_UPS)


def loaded_after(name: str) -> int | None:
    """A time before which the module ``name`` was not loaded; None if nothing is known of it.

    In nanoseconds since the epoch.
    """
    return _LOOK_UPS.times.get(name)


def was_reloaded(name: str) -> bool:
    """Whether the module ``name`` has been loaded more than once into the same namespace."""
    return name in _LOOK_UPS.reloaded


def note_reload(name: str, time_ns: int) -> None:
    """Note that the module ``name`` has been loaded again, from what was on disk at ``time_ns``."""
    _LOOK_UPS.times[name] = time_ns
    _LOOK_UPS.reloaded.add(name)
