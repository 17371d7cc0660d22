"""Registration: what is registered in MLflow for one version, as of the moment it was recorded."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from gitver_hooks.handover.store import Store


class Registration(NamedTuple):
    """The LoggedModel to find or create in MLflow.

    ``version`` is the version id, ``name`` the LoggedModel's name. ``tags`` hold ``gitver.version``
    among others; ``params`` is the flattened configuration. Nothing in it is computed again: it is
    delivered as it was written. ``diff`` is the diff as JSON, not yet searched for secrets: it must
    not be sent (see ``recording.safe_to_send``). ``app`` is the name of the
    app if its version is a part of a tree, and else empty: other apps may have the same part, and
    the name of the model says only at which commit it was registered first.
    """

    version: str
    name: str
    store: Store
    model_type: str = "agent"
    tags: Mapping[str, str] = MappingProxyType({})
    params: Mapping[str, str] = MappingProxyType({})
    diff: str = ""
    app: str = ""
