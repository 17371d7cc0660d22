"""The settings of a worktree: ``.gitver.yaml``, overridden key by key by ``GITVER_<KEY>``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gitver_hooks.common.errors import GitverError

SETTINGS_FILE = ".gitver.yaml"


@dataclass(frozen=True)
class Settings:
    """What the user asked for. None means: not said, so the default of the design applies.

    ``wait`` and ``recheck`` are seconds. ``path`` is the file they were looked for in and ``text``
    what it held, None where there was none.
    """

    path: str = field(default="", compare=False)
    text: bytes | None = field(default=None, compare=False)

    app: str | None = None
    tracking_uri: str | None = None
    experiment: str | None = None
    model_type: str = "agent"
    params: Mapping[str, Any] = field(default_factory=dict)
    params_files: tuple[str, ...] = ()
    untracked: str = "include"
    diff: str = "tag"
    secrets: tuple[str, ...] = ()
    remote: str = "origin"
    per_branch: bool = False
    on_stale: str = "register"
    wait: float = 10.0
    recheck: float = 60.0


def load_settings(worktree: str, environment: Mapping[str, str]) -> Settings:
    """The settings that hold in the worktree rooted at ``worktree``.

    Raises GitverError, naming the key, where it was found and what is allowed, for a key that does
    not exist or a value of the wrong type.
    """
    path = Path(worktree, SETTINGS_FILE)
    text = _read(path)
    values: dict[str, Any] = {"path": str(path), "text": text}
    for key, value in _yaml_mapping(text, path).items():
        checked = _check(str(key), value, str(path))
        if value is not None:
            values[str(key)] = checked
    for name, said in environment.items():
        key = name.removeprefix("GITVER_").lower()
        if name.startswith("GITVER_") and key in _CHECKS and said != "":
            values[key] = _check(key, _parse(key, said), f"the environment variable {name}")
    return Settings(**values)


def flattened_params(settings: Settings, worktree: str) -> dict[str, str]:
    """The params to log: those of the files in their order, then the inline ones, dotted keys.

    ``{"llm": {"model": "x", "stop": ["a"]}}`` gives ``llm.model`` and ``llm.stop.0``. Raises
    GitverError naming the file that is missing or is not a YAML mapping.
    """
    flat: dict[str, str] = {}
    for name in settings.params_files:
        path = Path(worktree, name)
        if not path.is_file():
            raise GitverError(
                f"params_files names {name}, which is not a file in {worktree}",
                f"correct params_files in {SETTINGS_FILE}",
            )
        flat.update(_flatten(_yaml_mapping(_read(path), path)))
    flat.update(_flatten(settings.params))
    return flat


def _flatten(value: Any, prefix: str = "") -> dict[str, str]:
    if isinstance(value, Mapping):
        items = [(str(key), item) for key, item in value.items()]
    elif isinstance(value, list):
        items = [(str(position), item) for position, item in enumerate(value)]
    else:
        return {prefix: _as_text(value)}
    flat: dict[str, str] = {}
    for key, item in items:
        flat.update(_flatten(item, f"{prefix}.{key}" if prefix else key))
    return flat


def _as_text(value: Any) -> str:
    # As YAML writes it, so that `true` and `null` do not become Python's True and None.
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    return str(value)


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise GitverError(f"{path} cannot be read: {error.strerror}", "make it readable") from error


def _yaml_mapping(text: bytes | None, path: Path) -> Mapping[Any, Any]:
    if text is None:
        return {}
    import yaml

    try:
        loaded = yaml.safe_load(text)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        where = getattr(error, "problem_mark", None)
        line = f", line {where.line + 1}" if where else ""
        problem = getattr(error, "problem", None) or "it cannot be parsed"
        raise GitverError(f"{path}{line} is not valid YAML: {problem}", "correct it") from error
    if loaded is None:
        return {}
    if not isinstance(loaded, Mapping):
        raise GitverError(
            f"{path} holds a {type(loaded).__name__}, not keys with values",
            "write it as `key: value` lines",
        )
    return loaded


def _parse(key: str, text: str) -> Any:
    if _CHECKS[key] is _text or isinstance(_CHECKS[key], _OneOf):
        return text
    if _CHECKS[key] is _texts and not text.lstrip().startswith("["):
        return [part.strip() for part in text.split(",") if part.strip()]
    import yaml

    try:
        return yaml.safe_load(text)
    except yaml.YAMLError:
        return text


def _check(key: str, value: Any, source: str) -> Any:
    if key not in _CHECKS:
        raise GitverError(
            f"{source} has the key {key!r}, which does not exist",
            f"use one of {', '.join(_CHECKS)}",
        )
    if value is None:
        return None
    try:
        return _CHECKS[key](value)
    except ValueError as error:
        raise GitverError(f"{key} in {source} is {value!r}", f"it must be {error}") from error


def _text(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float) or str(value) == "":
        raise ValueError("a text that is not empty")
    return str(value)


def _texts(value: Any) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,)
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise ValueError("a list of texts")
    return tuple(value)


def _mapping(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise ValueError("keys with values")
    return value


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError("true or false")
    return value


def _seconds(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 86400:
        raise ValueError("a number of seconds from 0 to 86400")
    return float(value)


class _OneOf:
    def __init__(self, *allowed: str) -> None:
        self.allowed = allowed

    def __call__(self, value: Any) -> str:
        # YAML 1.1 reads a bare `off` as false.
        value = "off" if value is False and "off" in self.allowed else value
        if value not in self.allowed:
            raise ValueError(f"one of {', '.join(self.allowed)}")
        return str(value)


_CHECKS: dict[str, Callable[[Any], Any]] = {
    "app": _text,
    "tracking_uri": _text,
    "experiment": _text,
    "model_type": _text,
    "params": _mapping,
    "params_files": _texts,
    "untracked": _OneOf("include", "ignore"),
    "diff": _OneOf("tag", "off"),
    "secrets": _texts,
    "remote": _text,
    "per_branch": _flag,
    "on_stale": _OneOf("register", "unset", "trust", "error"),
    "wait": _seconds,
    "recheck": _seconds,
}
