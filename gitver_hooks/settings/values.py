"""Defines the kinds of values of settings: what is allowed, and how text becomes a value."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from gitver_hooks.common.uris import check_tracking_uri
from gitver_hooks.handover.store import Experiment
from gitver_hooks.settings.yaml_text import parse_yaml

_LONGEST_TEXT = 1000
_LONGEST_SECONDS = 86400
_LARGEST_NUMBER = 1_000_000
_LARGEST_SIZE = 1 << 40
_SIZE = re.compile(r"([0-9]{1,15})(?: *(k|m|g)i?b?| *b)?", re.IGNORECASE)
_UNITS = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30}


class Kind(NamedTuple):
    """A kind of value.

    ``allowed`` completes the sentence "it must be …". ``check`` returns the value in its final
    type, or raises ValueError (GitverError to add details). ``parse`` converts the text of a
    variable or of git's configuration as YAML would; ``text`` writes a checked value.
    """

    allowed: str
    check: Callable[[object], Any]
    parse: Callable[[str], object] = str
    text: Callable[[Any], str] = str


def choice(*words: str) -> Kind:
    """One of ``words``."""

    def check(value: object) -> str:
        # YAML 1.1 reads a bare `off` as false.
        word = "off" if value is False and "off" in words else value
        if not isinstance(word, str) or word not in words:
            raise ValueError
        return word

    return Kind(f"one of {', '.join(words)}", check)


def _check_text(value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValueError
    text = str(value)
    # Text is used in names, messages and file patterns, where a newline would start another one.
    if not text.strip() or len(text) > _LONGEST_TEXT or any(map(_is_control, text)):
        raise ValueError
    # Raises UnicodeEncodeError, a ValueError, for half of a surrogate pair.
    text.encode("utf-8")
    return text


def _is_control(character: str) -> bool:
    return character < " " or "\x7f" <= character <= "\x9f"


def _check_texts(value: object) -> tuple[str, ...]:
    if isinstance(value, str):
        return (_check_text(value),)
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise ValueError
    return tuple(_check_text(item) for item in value)


def _parse_texts(text: str) -> object:
    if text.lstrip().startswith("["):
        return parse_yaml(text.encode())
    return [part.strip() for part in text.split(",") if part.strip()]


def _check_mapping(value: object) -> Mapping[Any, Any]:
    if not isinstance(value, Mapping):
        raise ValueError
    return value


def _check_flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError
    return value


def _check_seconds(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError
    if not 0 <= value <= _LONGEST_SECONDS:
        raise ValueError
    return float(value)


def _check_number(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= _LARGEST_NUMBER:
        raise ValueError
    return value


def _check_size(value: object) -> int:
    match = _SIZE.fullmatch(str(value))
    size = int(match[1]) * _UNITS[(match[2] or "").lower()] if match else -1
    if not 0 <= size <= _LARGEST_SIZE:
        raise ValueError
    return size


def _size_text(size: int) -> str:
    for letter in "GMK":
        unit = _UNITS[letter.lower()]
        if size and size % unit == 0:
            return f"{size // unit} {letter}iB"
    return str(size)


def _parse_scalar(text: str) -> object:
    return parse_yaml(text.encode())


def _check_tracking_uri(value: object) -> str:
    return check_tracking_uri(_check_text(value))


def _check_experiment(value: object) -> Experiment:
    return value if isinstance(value, Experiment) else Experiment(_check_text(value))


def _list_text(values: Sequence[str]) -> str:
    return ", ".join(values)


def _mapping_text(value: Mapping[Any, Any]) -> str:
    # Imported where needed: hooks are faster without it.
    import json

    return json.dumps(value, default=str)


TEXT = Kind(f"a non-empty string of at most {_LONGEST_TEXT} characters on one line", _check_text)
TEXTS = Kind("a list of non-empty strings", _check_texts, _parse_texts, _list_text)
MAPPING = Kind("a mapping", _check_mapping, _parse_scalar, _mapping_text)
FLAG = Kind("true or false", _check_flag, _parse_scalar, lambda value: str(value).lower())
SECONDS = Kind(
    f"a number of seconds from 0 to {_LONGEST_SECONDS}",
    _check_seconds,
    _parse_scalar,
    lambda value: f"{value:g}",
)
NUMBER = Kind(f"a whole number from 1 to {_LARGEST_NUMBER}", _check_number, _parse_scalar)
SIZE = Kind(
    "a number of bytes, or of KiB, MiB or GiB, such as 10 MiB",
    _check_size,
    _parse_scalar,
    _size_text,
)
TRACKING_URI = Kind("a tracking URI of MLflow", _check_tracking_uri)
EXPERIMENT = Kind("the name of an experiment", _check_experiment)
