"""Finds the store of a worktree, and refuses one that git tracks unless the user names it.

A database that a branch brings along chooses, for example, where the artifacts of its experiments
go, and a journal beside a database is applied to it when it is opened (sqlite.org/lockingv3.html,
"Dealing with hot journals").
"""

from __future__ import annotations

import os

from gitver_hooks.common.errors import GitverError
from gitver_hooks.gitfiles.ignore import SQLITE_SUFFIXES
from gitver_hooks.gitfiles.index import IndexFormatError
from gitver_hooks.gitfiles.tracked import first_tracked
from gitver_hooks.registry.tracking import Tracking, resolve_tracking, sqlite_file
from gitver_hooks.repository.remote import main_worktree
from gitver_hooks.repository.repository import Repository
from gitver_hooks.settings import NotAllowed, Settings
from gitver_hooks.settings.keys import DEFAULT, TREE


def worktree_tracking(repository: Repository, settings: Settings) -> Tracking:
    """The store that ``settings`` choose for the worktree of ``repository``.

    Raises GitverError as ``resolve_tracking`` does, and NotAllowed if git tracks the store and
    neither a variable nor git's configuration names it.
    """
    folder = main_worktree(repository)
    tracking = resolve_tracking(settings, folder)
    if settings.source("tracking_uri").kind in (DEFAULT, TREE):
        tracked = _tracked_part(repository, folder, tracking.uri)
        if tracked is not None:
            name = os.fsdecode(tracked)
            raise NotAllowed(
                f"git tracks {name}, so the tree decides what the MLflow store in {folder} "
                "contains, and nothing is recorded",
                f"run `git rm -r --cached {name}`, or name the store with "
                "`git config gitver.trackingUri`",
            )
    return tracking


def _tracked_part(repository: Repository, folder: str, uri: str) -> bytes | None:
    """A path of the store at ``uri`` that the main worktree ``folder`` tracks; None without one."""
    path = sqlite_file(uri) or _local_folder(uri)
    if path is None or not path.startswith(folder + os.sep):
        return None
    relative = os.fsencode(path[len(folder) + 1 :])
    location = repository.location
    git_dir = location.git_dir if folder == location.worktree else location.common_dir
    try:
        return first_tracked(
            git_dir,
            [relative + suffix for suffix in SQLITE_SUFFIXES],
            repository.id_length,
        )
    except (IndexFormatError, OSError) as error:
        raise GitverError(
            f"{os.path.join(git_dir, 'index')} cannot be read: {error}",
            "run `git status` to see why",
        ) from error


def _local_folder(uri: str) -> str | None:
    """The folder behind the tracking URI of a file store; None for any other URI."""
    if not uri.startswith("file:"):
        return None
    # Imported where needed: hooks are faster without it.
    from urllib.parse import unquote, urlsplit

    return unquote(urlsplit(uri).path)
