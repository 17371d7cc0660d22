"""Defines the settings, each with its kind, its default, and what the tree alone may set.

To add a setting, add a field to ``Settings``; everything else follows from it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from gitver_hooks.gitfiles.location import SETTINGS_FILE as SETTINGS_FILE
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

# Bytes: more than any source file, less than most data.
LARGEST_KEPT_FILE = 10 << 20

MLFLOW_VARIABLE = "mlflow"
GITVER_VARIABLE = "variable"
GIT_CONFIG = "git config"
TREE = "tree"
DEFAULT = "default"


class Source(NamedTuple):
    """The place where a value was found.

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


def _anything(value: object) -> bool:
    return True


def _nothing(value: object) -> bool:
    return False


class Key(NamedTuple):
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


class _Attribute:
    """An attribute of ``Settings``: the value of one key, or its default."""

    def __init__(self, kind: Kind, default: Any, needs_approval: Callable[[Any], bool]) -> None:
        self._kind = kind
        self._default = default
        self._needs_approval = needs_approval

    def __set_name__(self, owner: type, name: str) -> None:
        self.key = Key(name, self._kind, self._needs_approval)

    def __get__(self, settings: Settings | None, owner: type) -> Any:
        return self if settings is None else settings.values.get(self.key.name, self._default)

    def __set__(self, settings: Settings, value: object) -> None:
        raise AttributeError(f"the setting {self.key.name} cannot be changed")


def _key(
    kind: Kind, default: Any = None, *, needs_approval: Callable[[Any], bool] = _nothing
) -> Any:
    return _Attribute(kind, default, needs_approval)


class Settings:
    """The settings in effect for a worktree. None means that no source sets the key.

    ``wait`` and ``recheck`` are seconds, ``keep_limit`` is in bytes, ``keep_days`` are days.
    ``values`` are those that are set, and ``sources`` says where each was found. ``path`` is the
    file of the tree that was looked for and ``text`` its content, None if it does not exist or must
    not be read.

    No dataclass: importing ``dataclasses`` takes 11 ms of CPU time, and hooks need it for nothing
    else.
    """

    def __init__(
        self,
        path: str = "",
        text: bytes | None = None,
        sources: Mapping[str, Source] = MappingProxyType({}),
        **values: Any,
    ) -> None:
        unknown = values.keys() - KEYS.keys()
        if unknown:
            raise TypeError(f"no settings: {', '.join(sorted(unknown))}")
        self.path = path
        self.text = text
        self.sources = sources
        self.values = values

    def __eq__(self, other: object) -> bool:
        """Whether the same values are in effect, wherever they come from."""
        if not isinstance(other, Settings):
            return NotImplemented
        return all(getattr(self, name) == getattr(other, name) for name in KEYS)

    __hash__ = None  # type: ignore[assignment]

    # What the app is: the tree may say so.
    app: str | None = _key(TEXT)
    model_type: str = _key(TEXT, "agent")
    params: Mapping[str, Any] = _key(MAPPING, {})
    params_files: tuple[str, ...] = _key(TEXTS, ())
    untracked: str = _key(choice("include", "ignore"), "include")
    remote: str = _key(TEXT, "origin")
    per_branch: bool = _key(FLAG, False)
    paths: tuple[str, ...] = _key(TEXTS, ())

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
    experiment: Experiment | None = _key(EXPERIMENT, needs_approval=_anything)
    on_stale: str = _key(
        choice("register", "unset", "trust", "error"), "register", needs_approval=_anything
    )
    wait: float = _key(SECONDS, 10.0, needs_approval=_anything)
    recheck: float = _key(SECONDS, 60.0, needs_approval=_anything)
    keep_versions: int = _key(NUMBER, 1000, needs_approval=_anything)
    keep_days: int = _key(NUMBER, 90, needs_approval=_anything)

    def source(self, name: str) -> Source:
        """The source of the value of the key ``name``."""
        return self.sources.get(name, Source(DEFAULT))


KEYS = {name: found.key for name, found in vars(Settings).items() if isinstance(found, _Attribute)}
DEFAULTS = Settings()
