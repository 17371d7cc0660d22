"""Removes everything that gitver has written into a repository, in all of its worktrees."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from gitver_hooks.common.errors import GitverError
from gitver_hooks.common.locks import FileLock
from gitver_hooks.gitfiles.location import Location, all_worktrees, recorded_apps
from gitver_hooks.handover.active_model_file import (
    read_active_model_file,
    remove_active_model_file,
)
from gitver_hooks.keeping.kept_refs import all_kept, delete_kept
from gitver_hooks.recording.exclude import include_local_files
from gitver_hooks.repository.git_command import GitCommand
from gitver_hooks.repository.repository import open_repository

# The keys that gitver itself writes; the others in [gitver] are the user's.
_KEYS = ("gitver.allowed",)
# How long a delivery that is under way may take to end (s).
_DELIVERY_SECONDS = 10.0


def purge(location: Location, environment: Mapping[str, str]) -> list[str]:
    """Remove active-model files, state, kept code, exclude rules and keys; what was removed.

    Git removes the objects of kept code when it collects garbage. The state of worktrees that no
    longer exist goes too. Whatever gitver did not write stays byte for byte, MLflow's data as well.
    Raises GitverError if something cannot be removed.
    """
    removed = [
        path
        for worktree in all_worktrees(location, environment)
        for app in recorded_apps(worktree)
        if (path := _active_model(app))
    ]
    try:
        with _no_delivery(location):
            for folder in _state_folders(location):
                shutil.rmtree(folder)
                removed.append(str(folder))
    except OSError as error:
        raise GitverError(
            f"{error.filename} cannot be removed: {error.strerror}", "remove it by hand"
        ) from error
    removed += _kept_versions(location, environment)
    removed += include_local_files(location)
    git = GitCommand(location.git_dir, location.worktree, environment)
    return removed + [key for key in _KEYS if _unset(git, key)]


@contextmanager
def _no_delivery(location: Location) -> Iterator[None]:
    """Hold the lock of each store: a delivery would write its result into the state again."""
    with ExitStack() as locks:
        for path in Path(location.shared_state_dir).glob("delivering/*.lock"):
            locks.enter_context(FileLock(str(path), _DELIVERY_SECONDS))
        yield


def _active_model(location: Location) -> str | None:
    try:
        if read_active_model_file(location.active_model_file) is None:
            return None
    except GitverError:
        # Not ours: a file with other content, or a folder.
        return None
    remove_active_model_file(location)
    return location.active_model_file


def _state_folders(location: Location) -> Iterator[Path]:
    common_dir = Path(location.common_dir)
    for git_dir in (common_dir, *common_dir.glob("worktrees/*")):
        if (git_dir / "gitver").is_dir():
            yield git_dir / "gitver"


def _kept_versions(location: Location, environment: Mapping[str, str]) -> list[str]:
    with open_repository(location, environment) as repository:
        return [ref.name for ref in all_kept(repository) if delete_kept(repository, ref)]


def _unset(git: GitCommand, key: str) -> bool:
    """Unset ``key`` in the repository's own configuration; returns whether it was set."""
    return git.attempt("config", "--local", "--unset-all", key).returncode == 0
