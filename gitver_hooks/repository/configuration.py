"""The git configuration of a worktree with git's own precedence, and the files it came from.

dulwich's own stack ranks a worktree's configuration below the repository's and looks for it in the
common dir; in git the worktree's wins and lies in the git dir (git-worktree(1),
extensions.worktreeConfig). ``git -c`` and GIT_CONFIG_COUNT, which reach hooks through the
environment, are left out on purpose: the identity of a worktree must not depend on how one command
was called.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping

from gitver_hooks.common.errors import GitverError
from gitver_hooks.common.files import read_small
from gitver_hooks.gitfiles.config_syntax import ConfigSyntaxError, Section, entries
from gitver_hooks.gitfiles.location import Location
from gitver_hooks.repository.conditions import condition_holds

# git's own limit (config.c, MAX_INCLUDE_DEPTH).
_DEEPEST_INCLUDE = 10
_ConfigEntry = tuple[Section, bytes, bytes]


class Configuration:
    """The values in effect. ``files`` maps each path that was looked for to its content.

    ``values`` are all entries in git's order, the strongest last. The content is None for a file
    that does not exist.
    """

    def __init__(
        self, values: list[_ConfigEntry], files: dict[str, bytes | None], root: str
    ) -> None:
        self._root = root
        self._values = values
        self.files = files

    def text(self, section: Section, name: bytes) -> bytes | None:
        """The value, or None if it is not set."""
        name = name.lower()
        for found, found_name, value in reversed(self._values):
            if found_name == name and found == section:
                return value
        return None

    def items(self, section: Section) -> Iterator[tuple[bytes, bytes]]:
        """The names, in lower case, and values of a section, the strongest last."""
        return ((name, value) for found, name, value in self._values if found == section)

    def sections(self, name: bytes) -> list[Section]:
        """The sections ``name`` with a subsection, each once."""
        return list(dict.fromkeys(s for s, _, _ in self._values if len(s) == 2 and s[0] == name))

    def section(self, section: Section) -> dict[bytes, list[bytes]]:
        """The values of a section by their names in lower case, each list in git's order."""
        values: dict[bytes, list[bytes]] = {}
        for name, value in self.items(section):
            values.setdefault(name, []).append(value)
        return values

    def flag(self, section: Section, name: bytes, default: bool) -> bool:
        """A boolean as git-config(1) spells it; ``default`` if it is not set or no boolean."""
        value = self.text(section, name)
        if value is None:
            return default
        word = value.lower()
        if word in (b"true", b"yes", b"on"):
            return True
        if word in (b"false", b"no", b"off", b""):
            return False
        try:
            return int(word) != 0
        except ValueError:
            return default

    def path(self, section: Section, name: bytes) -> str | None:
        """A path with ``~`` and ``~user`` expanded, relative to the worktree's root, or None."""
        value = self.text(section, name)
        if value is None:
            return None
        return os.path.join(self._root, os.path.expanduser(os.fsdecode(value)))


def read_configuration(location: Location, environment: Mapping[str, str]) -> Configuration:
    """The configuration of the worktree at ``location``.

    Raises GitverError, naming the file, if one cannot be parsed.
    """
    files: dict[str, bytes | None] = {}
    shared = _Reader(location, files).read(os.path.join(location.common_dir, "config"))
    values: list[_ConfigEntry] = []
    for path in (*_system_files(environment), *reversed(_global_files(environment))):
        values += _Reader(location, files, shared).read(path)
    values += shared
    if Configuration(shared, {}, location.worktree).flag(
        (b"extensions",), b"worktreeConfig", False
    ):
        path = os.path.join(location.git_dir, "config.worktree")
        values += _Reader(location, files, shared).read(path)
    return Configuration(values, files, location.worktree)


def read_format_configuration(location: Location) -> Configuration:
    """The repository's own configuration file, the only one that may state the format.

    Raises GitverError if it cannot be parsed.
    """
    path = os.path.join(location.common_dir, "config")
    content = read_small(path)
    values = _parsed(path, content or b"")
    return Configuration(values, {path: content}, location.worktree)


def xdg_file(name: str, environment: Mapping[str, str]) -> str:
    """``name`` in git's folder of the user's configuration (git-config(1), FILES)."""
    home = environment.get("XDG_CONFIG_HOME") or os.path.expanduser("~/.config")
    return os.path.join(home, "git", name)


def _global_files(environment: Mapping[str, str]) -> tuple[str, ...]:
    named = environment.get("GIT_CONFIG_GLOBAL")
    return (
        (named,)
        if named is not None
        else (os.path.expanduser("~/.gitconfig"), xdg_file("config", environment))
    )


def _system_files(environment: Mapping[str, str]) -> tuple[str, ...]:
    if environment.get("GIT_CONFIG_NOSYSTEM", "").lower() in ("1", "true", "yes", "on"):
        return ()
    return (environment.get("GIT_CONFIG_SYSTEM", "/etc/gitconfig"),)


class _Reader:
    """Reads a file with what it includes.

    ``shared`` are the values of the repository, whose remotes a condition may name.
    """

    def __init__(
        self,
        location: Location,
        files: dict[str, bytes | None],
        shared: list[_ConfigEntry] | None = None,
    ) -> None:
        self._location = location
        self._files = files
        self._shared = shared

    def read(self, path: str, depth: int = 0) -> list[_ConfigEntry]:
        """The entries of the file and, in their place, of what it includes; none without a file."""
        content = self._files[path] = read_small(path)
        if depth > _DEEPEST_INCLUDE:
            raise GitverError(f"{path} is included too deeply", "correct the includes")
        found: list[_ConfigEntry] = []
        for entry in _parsed(path, content or b""):
            found.append(entry)
            section, name, value = entry
            if name == b"path" and self._is_included(section, path, found):
                target = os.path.expanduser(os.fsdecode(value))
                found += self.read(os.path.join(os.path.dirname(path), target), depth + 1)
        return found

    def _is_included(self, section: Section, path: str, found: list[_ConfigEntry]) -> bool:
        if section == (b"include",):
            return True
        if len(section) != 2 or section[0] != b"includeif":
            return False
        remotes = [
            os.fsdecode(value)
            for place, name, value in (*(self._shared or ()), *found)
            if name == b"url" and len(place) == 2 and place[0] == b"remote"
        ]
        folder = os.path.dirname(path)
        return condition_holds(self._location, folder, os.fsdecode(section[1]), remotes)


def _parsed(path: str, content: bytes) -> list[_ConfigEntry]:
    try:
        return [
            # A name alone means true (git-config(1)).
            (section, name, b"true" if value is None else value)
            for section, name, value in entries(content)
        ]
    except ConfigSyntaxError as error:
        raise GitverError(f"{path} cannot be read: {error}", "correct the file") from error
