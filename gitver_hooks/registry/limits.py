"""Makes tags and parameters fit what every store of MLflow accepts."""

from __future__ import annotations

import hashlib
import posixpath
import re
from collections.abc import Mapping

# mlflow.utils.validation: MAX_ENTITY_KEY_LENGTH, MAX_PARAM_VAL_LENGTH, MAX_PARAMS_TAGS_PER_BATCH,
# MAX_TAG_VAL_LENGTH. The SQL stores enforce none of the four for LoggedModels, other stores all.
LONGEST_KEY = 250
LONGEST_PARAM = 6000
PARAMS_PER_REQUEST = 100
LONGEST_PORTABLE_TAG = 8000
# The prefix of the settings' params, so that they never collide with the app's own.
PARAM_PREFIX = "gitver.params."

CUT = "\n… (cut by gitver)"
_FORBIDDEN_IN_KEY = re.compile(r"[^/\w.\- ]")


def acceptable_params(params: Mapping[str, str], *, reserved: str) -> dict[str, str]:
    """``params`` with keys and values that all of MLflow's stores accept.

    Forbidden characters in a key become ``_``. A key that is too long, or that now equals another
    one, ends in a digest of the original. Values that are too long are cut and marked. ``reserved``
    is a key that users cannot set.
    """
    acceptable: dict[str, str] = {}
    for key in sorted(params):
        name = _acceptable_key(key)
        if name in acceptable or name == reserved:
            name = _with_digest(name, key)
        acceptable[name] = cut(text(params[key]), LONGEST_PARAM)
    return acceptable


def acceptable_tags(tags: Mapping[str, str]) -> dict[str, str]:
    """``tags`` with characters that every store of MLflow accepts."""
    return {text(key): text(value) for key, value in tags.items()}


def cut_tags(tags: Mapping[str, str]) -> dict[str, str]:
    """``tags`` cut to the length that every store of MLflow accepts."""
    return {key: cut(value, LONGEST_PORTABLE_TAG) for key, value in tags.items()}


def cut(value: str, longest: int) -> str:
    """``value``, or as much of it as fits into ``longest`` characters with a mark at the end."""
    return value if len(value) <= longest else value[: longest - len(CUT)] + CUT


def text(value: str) -> str:
    """``value`` without what UTF-8 or PostgreSQL cannot store: lone surrogates and NUL."""
    return (
        value.encode("utf-8", "replace").decode("utf-8").replace("\0", "\N{REPLACEMENT CHARACTER}")
    )


def _acceptable_key(key: str) -> str:
    name = _FORBIDDEN_IN_KEY.sub("_", text(key))
    # MLflow refuses keys that are not normalised paths (mlflow.utils.validation).
    if name != posixpath.normpath(name) or name.startswith(("/", "..")) or name == ".":
        name = "_" + posixpath.normpath(name).lstrip("./")
    return name if len(name) <= LONGEST_KEY else _with_digest(name, key)


def _with_digest(name: str, key: str) -> str:
    digest = hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return f"{name[: LONGEST_KEY - 9]}-{digest}"
