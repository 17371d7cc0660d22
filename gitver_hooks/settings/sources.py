"""Reads the sources of settings: environment variables, git's configuration, a file of the tree."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from gitver_hooks.common.errors import GitverError
from gitver_hooks.handover.store import (
    EXPERIMENT_ID,
    EXPERIMENT_NAME,
    chosen_experiment,
    chosen_tracking_uri,
)
from gitver_hooks.handover.store import TRACKING_URI as MLFLOW_TRACKING_URI
from gitver_hooks.repository.configuration import Configuration
from gitver_hooks.settings.keys import (
    GIT_CONFIG,
    GITVER_VARIABLE,
    KEYS,
    MLFLOW_VARIABLE,
    TREE,
    Key,
    Source,
)
from gitver_hooks.settings.yaml_text import parse_yaml

# Variables and keys of gitver that are not settings; `gitver allow` writes the last one.
_OTHER_VARIABLES = ("GITVER_DISABLE", "GITVER_SHIM")
_OTHER_GIT_NAMES = (b"allowed",)


class Found(NamedTuple):
    """A checked value and where it was found."""

    key: Key
    value: Any
    source: Source


Findings = Iterator["Found | GitverError"]


def from_mlflow_variables(environment: Mapping[str, str]) -> Findings:
    """The tracking URI and the experiment that MLflow's own variables choose."""
    uri = chosen_tracking_uri(environment)
    if uri is not None:
        source = Source(MLFLOW_VARIABLE, MLFLOW_TRACKING_URI)
        yield _checked(KEYS["tracking_uri"], uri, source)
    experiment = chosen_experiment(environment)
    if experiment is not None:
        name = EXPERIMENT_NAME if experiment.name else EXPERIMENT_ID
        yield Found(KEYS["experiment"], experiment, Source(MLFLOW_VARIABLE, name))


def from_gitver_variables(environment: Mapping[str, str]) -> Findings:
    """The values of ``GITVER_<KEY>``; an empty variable counts as unset."""
    keys = {key.variable: key for key in KEYS.values()}
    for name, text in environment.items():
        if not name.startswith("GITVER_") or name in _OTHER_VARIABLES or not text:
            continue
        source = Source(GITVER_VARIABLE, name)
        if name in keys:
            yield _parsed(keys[name], [text], source)
        else:
            yield _unknown(f"{source} is not a setting", name, keys)


def from_git_config(configuration: Configuration) -> Findings:
    """The values of ``git config gitver.<camelCaseKey>``; a list may be several values."""
    # Git's keys are case-insensitive.
    keys = {key.git_name.lower(): key for key in KEYS.values()}
    for name, texts in configuration.section((b"gitver",)).items():
        texts = [text for text in texts if text]
        if name in _OTHER_GIT_NAMES or not texts:
            continue
        written = f"gitver.{name.decode('utf-8', 'backslashreplace')}"
        if written in keys:
            key = keys[written]
            values = [text.decode("utf-8", "backslashreplace") for text in texts]
            yield _parsed(key, values, Source(GIT_CONFIG, key.git_name))
        else:
            known = [key.git_name for key in KEYS.values()]
            yield _unknown(f"git config {written!r} is not a setting", written, known)


def from_tree(text: bytes | None, path: str) -> Findings:
    """The values in ``text``, the content of the tree's settings file; empty ones are unset."""
    try:
        mapping = read_mapping(text, path)
    except GitverError as error:
        yield error
        return
    source = Source(TREE, path)
    for name, value in mapping.items():
        if not isinstance(name, str) or name not in KEYS:
            yield _unknown(f"{path} has the unknown key {shown(name)}", str(name), KEYS)
        elif value is not None:
            yield _checked(KEYS[name], value, source)


def read_mapping(text: bytes | None, path: str) -> Mapping[Any, Any]:
    """The mapping in the YAML document ``text``; an empty one for no text.

    Raises GitverError naming ``path``.
    """
    if text is None:
        return {}
    try:
        loaded = parse_yaml(text)
    except GitverError as error:
        raise GitverError(f"{path} is not valid: {error.message}", error.remedy) from error
    if loaded is None:
        return {}
    if not isinstance(loaded, Mapping):
        raise GitverError(
            f"{path} contains a {type(loaded).__name__}, not a mapping",
            "write it as `key: value` lines",
        )
    return loaded


def shown(value: object) -> str:
    """``value`` for a message: escaped, without credentials and not too long."""
    from gitver_hooks.common.masking import mask

    text = mask(repr(value))
    return text if len(text) <= 80 else f"{text[:77]}…"


def shown_value(key: Key, value: object) -> str:
    """A checked value of ``key`` as text, without credentials."""
    from gitver_hooks.common.uris import without_credentials

    return without_credentials(key.kind.text(value))


def _parsed(key: Key, texts: list[str], source: Source) -> Found | GitverError:
    try:
        parsed = [key.kind.parse(text) for text in texts]
    except GitverError as error:
        return GitverError(f"{key.name} in {source} is not valid: {error.message}", error.remedy)
    if len(parsed) == 1:
        return _checked(key, parsed[0], source)
    if all(isinstance(value, list) for value in parsed):
        return _checked(key, [item for value in parsed for item in value], source)  # type: ignore[attr-defined]
    # As git does: the last of several values wins.
    return _checked(key, parsed[-1], source)


def _checked(key: Key, value: object, source: Source) -> Found | GitverError:
    try:
        return Found(key, key.kind.check(value), source)
    except ValueError:
        return GitverError(
            f"{key.name} in {source} is {shown(value)}", f"it must be {key.kind.allowed}"
        )
    except GitverError as error:
        return GitverError(f"{key.name} in {source}: {error.message}", error.remedy)


def _unknown(message: str, name: str, known: Iterable[str]) -> GitverError:
    # Imported where needed: hooks are faster without it.
    import difflib

    names = list(known)
    nearest = difflib.get_close_matches(name[:100].lower(), [n.lower() for n in names], 1, 0)
    best = next(n for n in names if n.lower() == nearest[0])
    return GitverError(message, f"did you mean {best}? allowed are {', '.join(names)}")
