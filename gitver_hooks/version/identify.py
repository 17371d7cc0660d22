"""Identifies the version of a worktree as it is now."""

from __future__ import annotations

import os
from typing import NamedTuple

from gitver_hooks.common.errors import GitverError
from gitver_hooks.gitfiles.location import Location
from gitver_hooks.gitfiles.scope import Scope
from gitver_hooks.repository.branch import current_branch
from gitver_hooks.repository.remote import remote_url
from gitver_hooks.repository.repository import Repository, open_repository
from gitver_hooks.settings import Settings, load_settings
from gitver_hooks.version.model_name import app_name
from gitver_hooks.version.version import TREE_PREFIX, UNBORN, Version
from gitver_hooks.worktree.content import Content, read_content


class Identified(NamedTuple):
    """A version, the content it was computed from, and the name of the app."""

    version: Version
    content: Content
    app: str

    @property
    def owner(self) -> str:
        """The name of the app if the version is a part of a tree, which several apps may have.

        Empty if it is a whole commit.
        """
        return "" if self.content.scope.is_everything else self.app


def identify(path: str | os.PathLike[str] = ".") -> Version:
    """The version of the worktree that contains ``path``.

    Raises GitverError if there is no worktree, if a tracked file cannot be read, if the repository
    is broken, or if a setting is wrong. The index is only read, never written.
    """
    with open_repository(path, os.environ) as repository:
        settings = load_settings(repository)
        return identify_worktree(repository, settings).version


def identify_worktree(repository: Repository, settings: Settings) -> Identified:
    """Like ``identify``, for an open repository."""
    content = read_content(
        repository,
        untracked=settings.untracked == "include",
        scope=scope_of(repository.location, settings),
    )
    commit = content.commit
    branch = current_branch(repository)
    version_id = version_id_of(content)
    if settings.per_branch and branch is not None:
        version_id = f"{version_id}@{branch}"
    version = Version(
        id=version_id,
        commit=commit,
        branch=branch,
        dirty=content.dirty or commit is None,
        digest=content.digest,
        tree=content.tree,
        remote_url=remote_url(repository, settings.remote),
    )
    return Identified(version, content, app_name(repository, settings, version.remote_url))


def scope_of(location: Location, settings: Settings) -> Scope:
    """The paths that make up the app at ``location``, as its settings say."""
    return Scope(os.fsencode(location.app), map(os.fsencode, settings.paths))


def empty_scope_problem(content: Content) -> GitverError | None:
    """What is wrong if no file counts for the app: its version would never change."""
    if content.scope.is_everything or not content.is_empty:
        return None
    return GitverError("no file counts for this app", "correct `paths`")


def version_id_of(content: Content) -> str:
    """The version id of a content, whatever branch it is on."""
    commit = content.commit
    if commit is None:
        return f"{UNBORN}-dirty-{content.digest[:8]}"
    prefix, base = "", commit
    if not content.scope.is_everything:
        # Commits with the same content are the same version, so the id names the content.
        prefix, base = TREE_PREFIX, content.head_tree or ""
    return f"{prefix}{base[:32]}-dirty-{content.digest[:8]}" if content.dirty else prefix + base
