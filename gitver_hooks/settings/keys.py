"""The settings that exist: for each its kind, its default, and what the tree may set by itself.

To add a setting, add a field to ``Settings``; everything else follows from it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from gitver_hooks.handover.store import Experiment
from gitver_hooks.settings.values import (
    EXPERIMENT,
    FLAG,
    MAPPING,
    NUMBER,
    SECONDS,
    SIZE,
    TEXT,
    TEXTS,
    TRACKING_URI,
    Kind,
    choice,
)

SETTINGS_FILE = ".gitver.yaml"

# Bytes: more than any source file, less than most data.
LARGEST_KEPT_FILE = 10 << 20

MLFLOW_VARIABLE = "mlflow"
GITVER_VARIABLE = "variable"
GIT_CONFIG = "git config"
TREE = "tree"
DEFAULT = "default"


@dataclass(frozen=True)
class Source:
    """Where a value was found.

    ``kind`` is one of the constants above; ``name`` is the variable, the key of git's configuration
    or the path of the file, and empty for a default.
    """

    kind: str
    name: str = ""

    def __str__(self) -> str:
        if self.kind in (MLFLOW_VARIABLE, GITVER_VARIABLE):
            return f"the environment variable {self.name}"
        if self.kind == GIT_CONFIG:
            return f"git config {self.name}"
        return self.name or "the default"


@dataclass(frozen=True)
class Key:
    """One setting. ``needs_approval`` tells of a value whether the tree may not set it alone."""

    name: str
    kind: Kind
    needs_approval: Callable[[Any], bool]

    @property
    def variable(self) -> str:
        """``GITVER_TRACKING_URI``."""
        return f"GITVER_{self.name.upper()}"

    @property
    def git_name(self) -> str:
        """``gitver.trackingUri``: camel case, because git's keys contain no underscore."""
        first, *others = self.name.split("_")
        return f"gitver.{first}{''.join(word.capitalize() for word in others)}"


def _anything(value: object) -> bool:
    return True


def _nothing(value: object) -> bool:
    return False


def _key(
    kind: Kind, default: Any = None, *, needs_approval: Callable[[Any], bool] = _nothing
) -> Any:
    return dataclasses.field(
        default_factory=lambda: default,
        metadata={"kind": kind, "needs_approval": needs_approval},
    )


@dataclass(frozen=True)
class Settings:
    """The settings in effect for a worktree. None means that no source sets the key.

    ``wait`` and ``recheck`` are seconds, ``keep_limit`` is in bytes, ``keep_days`` are days.
    ``sources`` says where each value that is no default was found. ``path`` is the file of the tree
    that was looked for and ``text`` its content, None if it does not exist or must not be read.
    """

    path: str = dataclasses.field(default="", compare=False)
    text: bytes | None = dataclasses.field(default=None, compare=False)
    sources: Mapping[str, Source] = dataclasses.field(default_factory=dict, compare=False)

    # What the app is: the tree may say so.
    app: str | None = _key(TEXT)
    model_type: str = _key(TEXT, "agent")
    params: Mapping[str, Any] = _key(MAPPING, {})
    params_files: tuple[str, ...] = _key(TEXTS, ())
    untracked: str = _key(choice("include", "ignore"), "include")
    remote: str = _key(TEXT, "origin")
    per_branch: bool = _key(FLAG, False)

    # What restricts: the tree may do that, too.
    diff: str = _key(choice("tag", "off"), "tag")
    secrets: tuple[str, ...] = _key(TEXTS, ())

    keep: str = _key(
        choice("local", "off", "push"), "local", needs_approval=lambda value: value == "push"
    )
    keep_limit: int = _key(
        SIZE, LARGEST_KEPT_FILE, needs_approval=lambda value: value > LARGEST_KEPT_FILE
    )

    # Where data goes and how this machine behaves: only the user decides.
    tracking_uri: str | None = _key(TRACKING_URI, needs_approval=_anything)
    experiment: Experiment | None = _key(EXPERIMENT, needs_approval=_anything)  # noqa: RUF009
    on_stale: str = _key(
        choice("register", "unset", "trust", "error"), "register", needs_approval=_anything
    )
    wait: float = _key(SECONDS, 10.0, needs_approval=_anything)
    recheck: float = _key(SECONDS, 60.0, needs_approval=_anything)
    keep_versions: int = _key(NUMBER, 1000, needs_approval=_anything)
    keep_days: int = _key(NUMBER, 90, needs_approval=_anything)

    def source(self, name: str) -> Source:
        """Where the value of the key ``name`` comes from."""
        return self.sources.get(name, Source(DEFAULT))


KEYS = {
    field.name: Key(field.name, **field.metadata)
    for field in dataclasses.fields(Settings)
    if "kind" in field.metadata
}
DEFAULTS = Settings()
