"""The git configuration of a worktree with git's own precedence, and the files it came from.

dulwich's own stack ranks a worktree's configuration below the repository's and looks for it in the
common dir; in git the worktree's wins and lies in the git dir (git-worktree(1),
extensions.worktreeConfig). ``git -c`` and GIT_CONFIG_COUNT, which reach hooks through the
environment, are left out on purpose: the identity of a worktree must not depend on how one command
was called.
"""

from __future__ import annotations

import io
import os
from typing import IO, TYPE_CHECKING

from gitver_hooks.common.errors import GitverError
from gitver_hooks.gitfiles.location import Location
from gitver_hooks.repository.conditions import condition_matchers

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dulwich.config import ConfigFile, StackedConfig

Section = tuple[bytes, ...]


class Configuration:
    """The values in effect. ``files`` maps each path that was looked for to its content.

    The content is None for a file that does not exist.
    """

    def __init__(self, stack: StackedConfig, files: dict[str, bytes | None], root: str) -> None:
        self._root = root
        self.stack = stack
        self.files = files

    def text(self, section: Section, name: bytes) -> bytes | None:
        """The value, or None if it is not set."""
        try:
            return self.stack.get(section, name)
        except KeyError:
            return None

    def items(self, section: Section) -> Iterator[tuple[bytes, bytes]]:
        """The names and values of a section, from the weakest file to the strongest."""
        for file in reversed(self.stack.backends):
            if file.has_section(section):
                yield from file.items(section)

    def section(self, section: Section) -> dict[bytes, list[bytes]]:
        """The values of a section by their names in lower case, each list in git's order."""
        values: dict[bytes, list[bytes]] = {}
        for name, value in self.items(section):
            # Git's names are case-insensitive; dulwich keeps them as they are written.
            values.setdefault(name.lower(), []).append(value)
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
    from dulwich.config import StackedConfig

    files: dict[str, bytes | None] = {}
    repository = _read(location, os.path.join(location.common_dir, "config"), files)
    stack = list(repository)
    shared = Configuration(StackedConfig(list(stack)), {}, location.worktree)
    if shared.flag((b"extensions",), b"worktreeConfig", False):
        path = os.path.join(location.git_dir, "config.worktree")
        stack[:0] = _read(location, path, files)
    for path in (*_global_files(environment), *_system_files(environment)):
        stack += _read(location, path, files)
    writable = repository[0] if repository else None
    return Configuration(StackedConfig(stack, writable=writable), files, location.worktree)


def read_format_configuration(location: Location) -> Configuration:
    """The repository's own configuration file alone: it states the format, and nothing else may.

    Raises GitverError if it cannot be parsed.
    """
    from dulwich.config import StackedConfig

    files: dict[str, bytes | None] = {}
    path = os.path.join(location.common_dir, "config")
    stack = _read(location, path, files)
    return Configuration(StackedConfig(stack), files, location.worktree)


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


def _read(location: Location, path: str, files: dict[str, bytes | None]) -> list[ConfigFile]:
    """The file and what it includes; nothing if it does not exist."""
    from dulwich.config import ConfigFile

    def open_file(name: str | os.PathLike[str]) -> IO[bytes]:
        files[os.fspath(name)] = None
        with open(name, "rb") as file:
            text = files[os.fspath(name)] = file.read()
        return io.BytesIO(text)

    matchers = condition_matchers(location, os.path.dirname(path))
    try:
        return [ConfigFile.from_path(path, file_opener=open_file, condition_matchers=matchers)]
    except OSError:
        return []
    except ValueError as error:
        raise GitverError(f"{path} cannot be read: {error}", "correct the file") from error
