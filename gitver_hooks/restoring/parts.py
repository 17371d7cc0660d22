"""Cuts the part that is one app's version out of a tree, and puts it back."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from gitver_hooks.gitfiles.scope import Scope
from gitver_hooks.history.parts import Parts
from gitver_hooks.recording.apps import all_apps
from gitver_hooks.repository.git_command import GitCommand, git_in
from gitver_hooks.repository.repository import Repository
from gitver_hooks.settings import survey_settings
from gitver_hooks.version.identify import scope_of
from gitver_hooks.version.version import TREE_PREFIX

_GITLINK = b"160000"


class AppPart(NamedTuple):
    """An app: its folder from the worktree's root, and which paths count for it."""

    folder: str
    scope: Scope


def app_of_version(repository: Repository, version: str, commit: str) -> AppPart | None:
    """The app whose part of the commit's tree the id of a version names.

    None for a version of the whole tree, or if no app of the worktree has such a part: its setting
    ``paths`` may have been another one.
    """
    if not version.startswith(TREE_PREFIX):
        return None
    base = version.removeprefix(TREE_PREFIX).partition("-")[0].partition("@")[0]
    for location in (repository.location, *all_apps(repository)):
        settings = survey_settings(repository.of_app(location)).settings
        scope = scope_of(location, settings)
        tree = Parts(repository, scope).tree(commit)
        if tree is not None and tree.startswith(base):
            return AppPart(location.app, scope)
    return None


def part_of(repository: Repository, app: AppPart, tree: str) -> str:
    """The id of the tree with only the paths of ``tree`` that count for the app."""
    with _index_of(repository, tree) as git:
        _remove(git, [path for path, counts in _paths(git, app) if not counts])
        return _written(git)


def with_the_rest(repository: Repository, app: AppPart | None, commit: str, part: str) -> str:
    """The id of the commit's tree in which ``part`` replaces what counts for the app.

    If the app is not known, the files of ``part`` replace those with the same paths.
    """
    with _index_of(repository, commit) as git:
        if app is not None:
            _remove(git, [path for path, counts in _paths(git, app) if counts])
        entries = git.run("ls-tree", "-r", "-z", "--full-tree", part)
        git.run("update-index", "-z", "--replace", "--index-info", stdin=entries)
        return _written(git)


@contextmanager
def _index_of(repository: Repository, tree: str) -> Iterator[GitCommand]:
    """git with an index of its own that contains ``tree``, for the length of a ``with`` block."""
    with tempfile.TemporaryDirectory(prefix="gitver-") as folder:
        git = git_in(repository, index=os.path.join(folder, "index"))
        git.run("read-tree", tree)
        yield git


def _paths(git: GitCommand, app: AppPart) -> Iterator[tuple[bytes, bool]]:
    """The paths in the index, and whether each counts for the app."""
    for entry in filter(None, git.run("ls-files", "--stage", "-z").split(b"\0")):
        described, _, path = entry.partition(b"\t")
        yield path, app.scope.counts(path, is_folder=described.startswith(_GITLINK))


def _remove(git: GitCommand, paths: list[bytes]) -> None:
    git.run("update-index", "-z", "--force-remove", "--stdin", stdin=b"\0".join([*paths, b""]))


def _written(git: GitCommand) -> str:
    return git.run("write-tree").decode("ascii").strip()
