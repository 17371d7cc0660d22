"""Describes the LoggedModel of one version, as it was when the version was recorded."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from gitver_hooks.handover.store import Store


class Registration(NamedTuple):
    """The LoggedModel to find or create in MLflow.

    It is delivered as it was recorded; nothing is computed again. ``version`` is the version id,
    ``name`` the LoggedModel's name, and ``params`` the flattened configuration. ``tags`` contain
    ``gitver.version`` among others. ``diff`` is the diff as JSON, not yet searched for secrets, so
    it must not be sent (see ``recording.safe_to_send``). ``app`` is the name of the app if its
    version is a part of a tree, else empty. Other apps may have the same part, and the name of the
    model has the commit at which that part was first registered.
    """

    version: str
    name: str
    store: Store
    model_type: str = "agent"
    tags: Mapping[str, str] = MappingProxyType({})
    params: Mapping[str, str] = MappingProxyType({})
    diff: str = ""
    app: str = ""
