"""Reads the git configuration of a worktree with git's own precedence.

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
from gitver_hooks.gitfiles.protected_config import DEEPEST_INCLUDE, config_files, expand_user
from gitver_hooks.repository.conditions import condition_holds

_ConfigEntry = tuple[Section, bytes, bytes]


class Configuration:
    """The values in effect, and the files that they come from.

    ``values`` are all entries in git's order, the strongest last. ``files`` maps each path that was
    looked for to its content, None if it does not exist. ``root`` is the worktree's root.
    """

    def __init__(
        self,
        values: list[_ConfigEntry],
        files: dict[str, bytes | None],
        root: str,
        environment: Mapping[str, str],
    ) -> None:
        self._root = root
        self._environment = environment
        self._values = values
        self.files = files

    def text(self, section: Section, name: bytes) -> bytes | None:
        """The value, or None if it is not set."""
        name = name.lower()
        for entry_section, entry_name, value in reversed(self._values):
            if entry_name == name and entry_section == section:
                return value
        return None

    def items(self, section: Section) -> Iterator[tuple[bytes, bytes]]:
        """The names, in lower case, and values of a section, the strongest last."""
        return (
            (name, value) for entry_section, name, value in self._values if entry_section == section
        )

    def sections(self, name: bytes) -> list[Section]:
        """The distinct sections ``[name "subsection"]``."""
        return list(
            dict.fromkeys(
                section
                for section, _, _ in self._values
                if len(section) == 2 and section[0] == name
            )
        )

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
        return os.path.join(self._root, expand_user(os.fsdecode(value), self._environment))


def read_configuration(location: Location, environment: Mapping[str, str]) -> Configuration:
    """The configuration of the worktree at ``location``.

    Raises GitverError, naming the file, if one cannot be parsed.
    """
    files: dict[str, bytes | None] = {}
    shared_file = os.path.join(location.common_dir, "config")
    shared = _Reader(location, environment, files).read(shared_file)
    reader = _Reader(location, environment, files, shared)
    values: list[_ConfigEntry] = []
    for path in config_files(environment):
        values += reader.read(path)
    values += shared
    if Configuration(shared, {}, location.worktree, environment).flag(
        (b"extensions",), b"worktreeConfig", False
    ):
        values += reader.read(os.path.join(location.git_dir, "config.worktree"))
    return Configuration(values, files, location.worktree, environment)


def read_format_configuration(location: Location) -> Configuration:
    """The repository's own configuration file, the only one that may state the format.

    Raises GitverError if it cannot be parsed.
    """
    path = os.path.join(location.common_dir, "config")
    content = read_small(path)
    values = _parsed(path, content or b"")
    # Only for values that are no paths, so no variable is needed.
    return Configuration(values, {path: content}, location.worktree, {})


class _Reader:
    """Reads a file with what it includes.

    ``shared`` are the values of the repository, whose remotes a condition may name. ``files`` gets
    the content of each file.
    """

    def __init__(
        self,
        location: Location,
        environment: Mapping[str, str],
        files: dict[str, bytes | None],
        shared: list[_ConfigEntry] | None = None,
    ) -> None:
        self._location = location
        self._environment = environment
        self._files = files
        self._shared = shared

    def read(self, path: str, depth: int = 0) -> list[_ConfigEntry]:
        """The entries of the file, each include followed by the entries of the included file."""
        content = self._files[path] = read_small(path)
        if depth > DEEPEST_INCLUDE:
            raise GitverError(f"{path} is included too deeply", "correct the includes")
        entries_so_far: list[_ConfigEntry] = []
        for entry in _parsed(path, content or b""):
            entries_so_far.append(entry)
            section, name, value = entry
            if name == b"path" and self._is_included(section, path, entries_so_far):
                target = expand_user(os.fsdecode(value), self._environment)
                entries_so_far += self.read(os.path.join(os.path.dirname(path), target), depth + 1)
        return entries_so_far

    def _is_included(self, section: Section, path: str, entries_so_far: list[_ConfigEntry]) -> bool:
        if section == (b"include",):
            return True
        if len(section) != 2 or section[0] != b"includeif":
            return False
        remotes = [
            os.fsdecode(value)
            for place, name, value in (*(self._shared or ()), *entries_so_far)
            if name == b"url" and len(place) == 2 and place[0] == b"remote"
        ]
        folder = os.path.dirname(path)
        condition = os.fsdecode(section[1])
        return condition_holds(self._location, self._environment, folder, condition, remotes)


def _parsed(path: str, content: bytes) -> list[_ConfigEntry]:
    try:
        return [
            # A name alone means true (git-config(1)).
            (section, name, b"true" if value is None else value)
            for section, name, value in entries(content)
        ]
    except ConfigSyntaxError as error:
        raise GitverError(f"{path} cannot be read: {error}", "correct the file") from error
