"""Reads the parts of git's configuration that no repository controls: system, user, command line.

Standard library only; git-config(1) calls it protected configuration. Only unconditional includes
are followed: the conditions of ``includeIf`` depend on a repository, and git reads this
configuration before it opens one.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping

from gitver_hooks.common.files import read_small
from gitver_hooks.gitfiles.config_syntax import ConfigSyntaxError, entries

# git's own limit (config.c, MAX_INCLUDE_DEPTH).
DEEPEST_INCLUDE = 10
_NO = ("", "0", "false", "no", "off")


def protected_values(
    section: str, name: str, environment: Mapping[str, str]
) -> Iterator[str | None]:
    """The values of ``section.name``, in git's order; None for a key without a value.

    Nothing after the first line that git could not parse.
    """
    for path in config_files(environment):
        yield from _values_in(path, section, name, environment, 0)
    for key, value in _command_line(environment):
        if key.lower() == f"{section}.{name}":
            yield value


def expand_user(path: str, environment: Mapping[str, str]) -> str:
    """``path`` with a leading ``~`` or ``~user`` replaced, as git does for paths.

    Without HOME in the ``environment``, the home folder is that of the current user.
    """
    home = environment.get("HOME")
    if home is not None and (path == "~" or path.startswith("~/")):
        return home + path[1:]
    return os.path.expanduser(path)


def xdg_file(name: str, environment: Mapping[str, str]) -> str:
    """``name`` in git's folder of the user's configuration (git-config(1), FILES)."""
    folder = environment.get("XDG_CONFIG_HOME") or expand_user("~/.config", environment)
    return os.path.join(folder, "git", name)


def config_files(environment: Mapping[str, str]) -> Iterator[str]:
    """The configuration files of the system and the user, the strongest last."""
    if environment.get("GIT_CONFIG_NOSYSTEM", "").lower() in _NO:
        yield environment.get("GIT_CONFIG_SYSTEM", "/etc/gitconfig")
    if "GIT_CONFIG_GLOBAL" in environment:
        yield environment["GIT_CONFIG_GLOBAL"]
        return
    # Unlike other programs, git does not ask the system for the home folder.
    if environment.get("XDG_CONFIG_HOME") or "HOME" in environment:
        yield xdg_file("config", environment)
    if "HOME" in environment:
        yield expand_user("~/.gitconfig", environment)


def _values_in(
    path: str, section: str, name: str, environment: Mapping[str, str], depth: int
) -> Iterator[str | None]:
    content = read_small(path)
    if content is None or depth > DEEPEST_INCLUDE:
        return
    wanted, include = ((os.fsencode(section),), os.fsencode(name)), ((b"include",), b"path")
    try:
        for entry_section, key, raw in entries(content):
            value = None if raw is None else os.fsdecode(raw)
            if (entry_section, key) == wanted:
                yield value
            elif (entry_section, key) == include and value:
                included = os.path.join(os.path.dirname(path), expand_user(value, environment))
                yield from _values_in(included, section, name, environment, depth + 1)
    except ConfigSyntaxError:
        return


def _command_line(environment: Mapping[str, str]) -> Iterator[tuple[str, str | None]]:
    """The values that ``git -c`` passes on to hooks, and those of GIT_CONFIG_COUNT."""
    count = environment.get("GIT_CONFIG_COUNT", "")
    for number in range(int(count) if count.isascii() and count.isdigit() else 0):
        key = environment.get(f"GIT_CONFIG_KEY_{number}")
        if key is None:
            break
        yield key, environment.get(f"GIT_CONFIG_VALUE_{number}")
    parameters = environment.get("GIT_CONFIG_PARAMETERS", "")
    if not parameters:
        return
    # Imported where needed: hooks are faster without it.
    import shlex

    try:
        words = shlex.split(parameters)
    except ValueError:
        return
    for word in words:
        key, equals, value = word.partition("=")
        yield key, value if equals else None
