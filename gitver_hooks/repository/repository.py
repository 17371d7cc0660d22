"""The repository through dulwich: HEAD, its tree, the branch, the remote, the configuration."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from gitver_hooks.common.errors import GitverError
from gitver_hooks.gitfiles import location as locations
from gitver_hooks.gitfiles.location import Location
from gitver_hooks.repository.configuration import (
    Configuration,
    read_configuration,
    read_format_configuration,
)

if TYPE_CHECKING:
    from dulwich.config import StackedConfig
    from dulwich.repo import Repo


class Repository:
    """One worktree's repository, open for reading. Opened and closed by ``open_repository``."""

    def __init__(self, location: Location, repo: Repo, environment: Mapping[str, str]) -> None:
        self.location = location
        self.environment = environment
        self.repo = repo
        self._configuration: Configuration | None = None

    @property
    def config(self) -> StackedConfig:
        """The configuration git would use here: worktree, repository, user, system."""
        return self.configuration.stack

    @property
    def configuration(self) -> Configuration:
        """The same, with the files it was read from."""
        if self._configuration is None:
            self._configuration = read_configuration(self.location, self.environment)
        return self._configuration

    @property
    def algorithm(self) -> str:
        """The hash of the repository's object format: ``sha1`` or ``sha256``."""
        return self.repo.object_format.name

    def head_commit(self) -> str | None:
        """The full id of the HEAD commit, or None before the first commit."""
        try:
            return self.repo.head().decode("ascii")
        except KeyError:
            return None


@contextmanager
def open_repository(
    path: str | os.PathLike[str] | Location, environment: Mapping[str, str]
) -> Iterator[Repository]:
    """The repository of the worktree that contains ``path``; closed on exit.

    ``environment`` contains the user's variables, which say where git's configuration is. Raises
    GitverError if there is no worktree, if it belongs to another user (see ``ownership``), or if
    dulwich does not know its format.
    """
    from dulwich.errors import NotGitRepository
    from dulwich.repo import UnsupportedExtension, UnsupportedVersion

    from gitver_hooks.repository.opening import OpenedRepo

    location = path if isinstance(path, Location) else _find(os.fspath(path), environment)
    try:
        repo = OpenedRepo(location, read_format_configuration(location))
    except (NotGitRepository, UnsupportedExtension, UnsupportedVersion, OSError) as error:
        raise GitverError(
            f"the repository at {location.git_dir} cannot be opened: {error}",
            "check it with `git fsck`",
        ) from error
    try:
        yield Repository(location, repo, environment)
    finally:
        repo.close()


def _find(path: str, environment: Mapping[str, str]) -> Location:
    location = locations.find(path, environment)
    if location is None:
        raise GitverError(
            f"{os.path.abspath(path)} is not inside a git worktree",
            "run this inside a clone, or `git init` first",
        )
    return location
