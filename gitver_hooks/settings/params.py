"""Flattens the params of a version: YAML files that the settings name, and inline values."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import Any

from gitver_hooks.common.errors import GitverError
from gitver_hooks.gitfiles.location import Location
from gitver_hooks.settings.keys import SETTINGS_FILE, Settings
from gitver_hooks.settings.sources import read_mapping
from gitver_hooks.settings.tree_files import read_tree_file
from gitver_hooks.settings.yaml_text import MOST_NODES


def flattened_params(settings: Settings, location: Location) -> dict[str, str]:
    """The params to log, with dotted keys: the files in their order, then the inline values.

    ``{"llm": {"model": "x", "stop": ["a"]}}`` gives ``llm.model`` and ``llm.stop.0``. The files are
    named from the app's folder, and may be anywhere in the worktree. Raises GitverError, naming the
    file, if a file is missing, is not a YAML mapping, or must not be read (see ``read_tree_file``).
    """
    flat: dict[str, str] = {}
    for name in settings.params_files:
        text = read_tree_file(location.worktree, os.path.join(location.app, name))
        if text is None:
            raise GitverError(
                f"params_files names {name!r}, which is not a file in {location.folder}",
                f"correct params_files in {SETTINGS_FILE}",
            )
        flat.update(_flatten(read_mapping(text, name)))
        if len(flat) > MOST_NODES:
            raise GitverError(
                f"params_files name more than {MOST_NODES:,} values", "log fewer of them"
            )
    flat.update(_flatten(settings.params))
    return flat


def _flatten(value: Any, prefix: str = "") -> dict[str, str]:
    items: Iterable[tuple[Any, Any]]
    if isinstance(value, Mapping):
        items = value.items()
    elif isinstance(value, list):
        items = enumerate(value)
    elif isinstance(value, set):
        items = enumerate(sorted(value, key=str))
    else:
        return {prefix: _as_text(value)}
    flat: dict[str, str] = {}
    for key, item in items:
        name = _as_text(key)
        flat.update(_flatten(item, f"{prefix}.{name}" if prefix else name))
    return flat


def _as_text(value: Any) -> str:
    # As YAML writes it, so that `true` and `null` do not become Python's True and None.
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    # "\ud800" in YAML is half of a surrogate pair, which no UTF-8 text can hold.
    return str(value).encode("utf-8", "backslashreplace").decode("utf-8")
