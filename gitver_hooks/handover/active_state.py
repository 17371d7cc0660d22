"""The state: what was true when the active-model file was last written (standard library only)."""

from __future__ import annotations

import os

from gitver_hooks.common.files import replace_file
from gitver_hooks.gitfiles.location import Location


class ActiveState:
    """What was true when the active-model file of a worktree was last written or removed.

    ``model_id`` is empty while MLflow has not confirmed the version. ``tracking_uri`` and
    ``experiment`` (a name, or ``id:<id>``) say where the model is, without credentials; the
    ``*_source`` of each is ``environment``, ``settings`` or ``default``. ``store_file`` is the
    SQLite file behind it and ``store_inode`` its inode, both empty elsewhere. ``environment`` is
    what of the environment took part (see ``environment.recorded_variables``).
    """

    __slots__ = FIELDS = (
        "version",
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


def read_state(location: Location) -> ActiveState | None:
    """The state of the worktree, or None where there is none that can be read."""
    try:
        with open(
            os.path.join(location.state_dir, "active"), encoding="utf-8", errors="surrogateescape"
        ) as file:
            lines = file.read().split("\n")
    except OSError:
        return None
    if lines[-2:] != ["end", ""]:
        return None
    values = dict(line.split("\t", 1) for line in lines[:-2] if "\t" in line)
    return ActiveState(**{name: _unescaped(value) for name, value in values.items()})


def write_state(location: Location, state: ActiveState) -> None:
    lines = [f"{name}\t{_escaped(getattr(state, name))}\n" for name in ActiveState.FIELDS]
    text = "".join([*lines, "end\n"])
    replace_file(
        os.path.join(location.state_dir, "active"), text.encode("utf-8", "surrogateescape")
    )


def remove_state(location: Location) -> None:
    try:
        os.unlink(os.path.join(location.state_dir, "active"))
    except FileNotFoundError:
        pass


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace("\n", "\\n")


def _unescaped(value: str) -> str:
    return value.replace("\\\\", "\0").replace("\\n", "\n").replace("\0", "\\")
