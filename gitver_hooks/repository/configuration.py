"""The git configuration of a worktree, with git's own precedence, and the files that it came from.

dulwich's own stack puts a worktree's configuration after the repository's and looks for it in the
common dir; git lets the worktree's win and keeps it in the git dir (git-worktree(1),
extensions.worktreeConfig). ``git -c`` and GIT_CONFIG_COUNT reach hooks through the environment;
they are left out on purpose: the identity of a worktree does not depend on how one command was
called.
"""

from __future__ import annotations

import io
import os
from typing import IO, TYPE_CHECKING

from gitver_hooks.common.errors import GitverError
from gitver_hooks.gitfiles.location import Location

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dulwich.config import ConditionMatcher, ConfigFile, StackedConfig
    from dulwich.repo import Repo

Section = tuple[bytes, ...]


class Configuration:
    """What git would read here. ``files`` are all that were looked for, with what they say."""

    def __init__(self, stack: StackedConfig, files: dict[str, bytes | None], root: str) -> None:
        self._root = root
        self.stack = stack
        self.files = files

    def text(self, section: Section, name: bytes) -> bytes | None:
        """The value, or None where it is not set."""
        try:
            return self.stack.get(section, name)
        except KeyError:
            return None

    def flag(self, section: Section, name: bytes, default: bool) -> bool:
        """A boolean as git-config(1) spells them; ``default`` where it is not set or no boolean."""
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
        """A path, with ``~`` and ``~user`` expanded; a relative one is from the worktree's root."""
        value = self.text(section, name)
        if value is None:
            return None
        return os.path.join(self._root, os.path.expanduser(os.fsdecode(value)))


def read_configuration(
    location: Location, repo: Repo, environment: Mapping[str, str]
) -> Configuration:
    """The configuration of the worktree at ``location``.

    Raises GitverError where a file cannot be parsed, naming it.
    """
    from dulwich.config import StackedConfig

    files: dict[str, bytes | None] = {}
    matchers = repo._get_config_condition_matchers()
    stack: list[ConfigFile] = []
    repository = _read(os.path.join(location.common_dir, "config"), matchers, files)
    stack += repository
    found = Configuration(StackedConfig(list(stack)), {}, location.worktree)
    if found.flag((b"extensions",), b"worktreeConfig", False):
        path = os.path.join(location.git_dir, "config.worktree")
        stack[:0] = _read(path, matchers, files)
    for path in (*_global_files(environment), *_system_files(environment)):
        stack += _read(path, matchers, files)
    writable = repository[0] if repository else None
    return Configuration(StackedConfig(stack, writable=writable), files, location.worktree)


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


def _read(
    path: str, matchers: Mapping[str, ConditionMatcher], files: dict[str, bytes | None]
) -> list[ConfigFile]:
    from dulwich.config import ConfigFile

    def open_file(name: str | os.PathLike[str]) -> IO[bytes]:
        files[os.fspath(name)] = None
        with open(name, "rb") as file:
            text = files[os.fspath(name)] = file.read()
        return io.BytesIO(text)

    try:
        return [ConfigFile.from_path(path, file_opener=open_file, condition_matchers=matchers)]
    except OSError:
        return []
    except ValueError as error:
        raise GitverError(f"{path} cannot be read: {error}", "correct the file") from error
