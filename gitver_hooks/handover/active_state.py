"""Reads and writes the state that belongs to an active-model file (standard library only)."""

from __future__ import annotations

import os

from gitver_hooks.common.files import read_small, remove_file, replace_file
from gitver_hooks.gitfiles.location import Location
from gitver_hooks.handover.store import Experiment, Store

_NAME = "active"
_END = ["end", ""]


class ActiveState:
    """The facts at the time when the active-model file of a worktree was last written or removed.

    All fields are text, and empty if unknown. ``version`` is the version id and ``dirty`` is
    ``true`` or ``false``. ``app`` is the name of the app if its version is a part of a tree.
    ``model_id`` is empty until MLflow has confirmed the version. ``tracking_uri`` (without
    credentials) and ``experiment`` (the text form of an Experiment) say where the model is; the
    ``*_source`` of each says who chose it (see ``store``). ``store_file`` is the SQLite file of the
    store and ``store_inode`` its inode, both empty for other stores. ``on_stale`` and ``recheck``
    (seconds) are the settings. ``environment`` is that of ``environment.recorded_variables``.
    """

    __slots__ = FIELDS = (
        "version",
        "dirty",
        "app",
        "model_id",
        "model_name",
        "tracking_uri",
        "tracking_uri_source",
        "experiment",
        "experiment_source",
        "store_file",
        "store_inode",
        "on_stale",
        "recheck",
        "environment",
    )

    version: str
    dirty: str
    app: str
    model_id: str
    model_name: str
    tracking_uri: str
    tracking_uri_source: str
    experiment: str
    experiment_source: str
    store_file: str
    store_inode: str
    on_stale: str
    recheck: str
    environment: str

    def __init__(self, **values: str) -> None:
        for name in self.FIELDS:
            setattr(self, name, values.get(name, ""))

    @property
    def store(self) -> Store:
        """The store that the model is in."""
        return Store(self.tracking_uri, Experiment.from_text(self.experiment))


def read_state(location: Location) -> ActiveState | None:
    """The state of the worktree; None if there is none, or it is damaged."""
    content = read_small(os.path.join(location.state_dir, _NAME), follow=False)
    values = None if content is None else decode_fields(content)
    return None if values is None else ActiveState(**values)


def last_store(location: Location) -> ActiveState | None:
    """The state of the worktree without its model id, which still says where MLflow was last.

    None if there is no state, or it is damaged.
    """
    state = read_state(location)
    if state is not None:
        state.model_id = ""
    return state


def write_state(location: Location, state: ActiveState) -> None:
    """Replace the state of the worktree. Raises OSError."""
    fields = {name: getattr(state, name) for name in ActiveState.FIELDS}
    replace_file(os.path.join(location.state_dir, _NAME), encode_fields(fields))


def remove_state(location: Location) -> None:
    """Remove the state of the worktree, if there is one. Raises OSError."""
    remove_file(os.path.join(location.state_dir, _NAME))


def encode_fields(fields: dict[str, str]) -> bytes:
    """``fields`` as lines with an end mark, by which ``decode_fields`` detects a truncated file."""
    lines = [f"{name}\t{_escaped(value)}" for name, value in fields.items()]
    return "\n".join([*lines, *_END]).encode("utf-8", "surrogateescape")


def decode_fields(content: bytes) -> dict[str, str] | None:
    """The fields that ``encode_fields`` wrote; None if ``content`` is truncated."""
    lines = content.decode("utf-8", "surrogateescape").split("\n")
    if lines[-2:] != _END:
        return None
    pairs = (line.split("\t", 1) for line in lines[:-2] if "\t" in line)
    return {name: _unescaped(value) for name, value in pairs}


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace("\n", "\\n")


def _unescaped(value: str) -> str:
    return value.replace("\\\\", "\0").replace("\\n", "\n").replace("\0", "\\")
