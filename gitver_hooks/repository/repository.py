"""Opens the repository of a worktree, to read HEAD, objects and the configuration."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from copy import copy
from typing import TYPE_CHECKING

from gitver_hooks.common.errors import GitverError
from gitver_hooks.gitfiles.location import Location, find_location
from gitver_hooks.gitfiles.object_files import ObjectFiles, RawObject
from gitver_hooks.gitfiles.refs import Head, read_head, uses_reftables
from gitver_hooks.repository.configuration import (
    Configuration,
    read_configuration,
    read_format_configuration,
)
from gitver_hooks.repository.object_format import object_format

if TYPE_CHECKING:
    from dulwich.repo import Repo

    from gitver_hooks.gitfiles.index import Index


class Repository:
    """One worktree's repository, open for reading. Opened and closed by ``open_repository``.

    ``algorithm`` is the hash of the object format, ``sha1`` or ``sha256``.
    """

    def __init__(self, location: Location, environment: Mapping[str, str], algorithm: str) -> None:
        self.location = location
        self.environment = environment
        self.algorithm = algorithm
        self._objects = ObjectFiles(location.common_dir, self.id_length)
        # Cached by ``observed_index``: all apps of a worktree have the same index.
        self.last_index: Index | None = None
        self._configuration: Configuration | None = None
        # At most one. It is a list so that the copies of ``of_app`` share it.
        self._opened: list[Repo] = []

    def of_app(self, location: Location) -> Repository:
        """The same open repository, for another app of the same worktree."""
        app_repository = copy(self)
        app_repository.location = location
        app_repository._configuration = self.configuration
        return app_repository

    @property
    def id_length(self) -> int:
        """The number of bytes of an object's id."""
        return 32 if self.algorithm == "sha256" else 20

    @property
    def configuration(self) -> Configuration:
        """The configuration git would use here: worktree, repository, user, system."""
        if self._configuration is None:
            self._configuration = read_configuration(self.location, self.environment)
        return self._configuration

    @property
    def dulwich(self) -> Repo:
        """dulwich's view of the repository, for what is not read from git's files directly.

        Raises GitverError if dulwich does not know its format.
        """
        if not self._opened:
            from gitver_hooks.repository.opening import open_with_dulwich

            self._opened.append(open_with_dulwich(self.location))
        return self._opened[0]

    def head(self) -> Head:
        """The ref that HEAD names, and the commit. Raises GitverError if they cannot be read."""
        try:
            if not uses_reftables(self.location):
                return read_head(self.location)
            from gitver_hooks.repository.opening import head_in_reftable

            return head_in_reftable(self.dulwich)
        except ValueError as error:
            raise GitverError(
                f"HEAD of {self.location.git_dir} cannot be read: {error}",
                "check it with `git fsck`",
            ) from error

    def head_commit(self) -> str | None:
        """The full id of the HEAD commit, or None before the first commit."""
        commit = self.head().id
        return commit.hex() if commit is not None else None

    def object(self, raw_id: bytes) -> RawObject | None:
        """The type and the content of an object; None if the repository does not have it.

        Raises GitverError if it is damaged.
        """
        git_object = self._objects.read(raw_id)
        if git_object is None:
            from gitver_hooks.repository.opening import object_with_dulwich

            git_object = object_with_dulwich(self.dulwich, raw_id)
        return git_object

    def close(self) -> None:
        """Close the packs, and the repository of dulwich if it was opened."""
        self._objects.close()
        while self._opened:
            self._opened.pop().close()


@contextmanager
def open_repository(
    path: str | os.PathLike[str] | Location, environment: Mapping[str, str]
) -> Iterator[Repository]:
    """The repository of the worktree that contains ``path``; closed on exit.

    ``environment`` contains the user's variables, which say where git's configuration is. Raises
    GitverError if there is no worktree, if it belongs to another user (see ``ownership``), or if
    its format is unknown.
    """
    location = path if isinstance(path, Location) else _find(os.fspath(path), environment)
    algorithm = object_format(location, read_format_configuration(location))
    repository = Repository(location, environment, algorithm)
    try:
        yield repository
    finally:
        repository.close()


def _find(path: str, environment: Mapping[str, str]) -> Location:
    location = find_location(path, environment)
    if location is None:
        raise no_worktree(path)
    return location


def no_worktree(path: str) -> GitverError:
    """The error for a ``path`` that is not in a worktree."""
    return GitverError(
        f"{os.path.abspath(path)} is not inside a git worktree",
        "run this inside a clone, or `git init` first",
    )
