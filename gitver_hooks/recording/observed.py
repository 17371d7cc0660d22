"""Observes a worktree as it is now: settings, store, version, and the model if it is known."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import NamedTuple

from gitver_hooks.common.errors import GitverError
from gitver_hooks.common.locks import FileLock
from gitver_hooks.floods.guard import watch_runs
from gitver_hooks.gitfiles.location import Location, check_state_folders
from gitver_hooks.handover import freshness
from gitver_hooks.handover.active_model_file import (
    remove_active_model_file,
    write_active_model_file,
)
from gitver_hooks.handover.active_state import ActiveState, remove_state, write_state
from gitver_hooks.handover.environment import recorded_variables
from gitver_hooks.recording.exclude import exclude_local_files
from gitver_hooks.recording.known_models import KnownModels
from gitver_hooks.registry.tracked_store import worktree_tracking
from gitver_hooks.registry.tracking import Tracking, sqlite_file, sqlite_inode
from gitver_hooks.repository.repository import Repository, open_repository
from gitver_hooks.settings import Settings, load_settings
from gitver_hooks.version.identify import Identified, empty_scope_problem, identify_worktree
from gitver_hooks.version.model_name import model_name


class ObservedWorktree(NamedTuple):
    """One observation of a worktree, under its lock.

    ``app`` is the name of the app if its version is a part of a tree, else empty. ``model_id`` is
    None if the model of the version is not known here.
    """

    repository: Repository
    settings: Settings
    tracking: Tracking
    identified: Identified
    app: str
    model_name: str
    model_id: str | None

    def write_active_model(self) -> None:
        """Write file and state as observed; remove the file if the model is not known."""
        location = self.repository.location
        if self.model_id is None:
            remove_active_model_file(location)
        else:
            write_active_model_file(location, self.model_id)
        write_state(location, self._state())
        observation = self.identified.content.observation
        # A settings file that git ignores is not part of the content, but its changes count.
        observation.contents[os.fsencode(self.settings.path)] = self.settings.text
        freshness.save(location, observation, self.identified.version.id)

    def watch_runs(self, is_run: bool) -> str:
        """Tell the guard against version floods about it; returns a line to print, or empty.

        ``is_run``: an app starts.
        """
        is_new_run = is_run and self.model_id is None
        return watch_runs(self.repository, self.identified, is_new_run=is_new_run)

    def remove_active_model(self) -> None:
        """Remove file and state: the worktree is about to change."""
        remove_active_model_file(self.repository.location)
        remove_state(self.repository.location)

    def _state(self) -> ActiveState:
        store, version = self.tracking.store, self.identified.version
        return ActiveState(
            version=version.id,
            dirty="true" if version.dirty else "false",
            app=self.app,
            model_id=self.model_id or "",
            model_name=self.model_name,
            tracking_uri=store.tracking_uri,
            tracking_uri_source=self.tracking.uri_source,
            experiment=store.experiment.text,
            experiment_source=self.tracking.experiment_source,
            store_file=sqlite_file(store.tracking_uri) or "",
            store_inode=sqlite_inode(store.tracking_uri),
            on_stale=self.settings.on_stale,
            recheck=str(self.settings.recheck),
            environment=recorded_variables(self.repository.environment),
        )


@contextmanager
def observe(
    location: Location,
    environment: Mapping[str, str],
    lock_seconds: float,
    opened: Repository | None = None,
) -> Iterator[ObservedWorktree]:
    """Observe the worktree, holding its lock during the ``with`` block.

    Waits at most ``lock_seconds`` for the lock. ``opened`` is the app's repository if it is open
    already. Raises GitverError if the worktree cannot be observed, and then removes the
    active-model file.
    """
    try:
        check_state_folders(location, environment)
        with _lock(location, lock_seconds), _opened(location, environment, opened) as repository:
            yield _observe(repository)
    except (GitverError, OSError):
        # It is unknown which model it should name.
        remove_active_model_file(location)
        raise


def _opened(
    location: Location, environment: Mapping[str, str], opened: Repository | None
) -> AbstractContextManager[Repository]:
    return open_repository(location, environment) if opened is None else nullcontext(opened)


def _observe(repository: Repository) -> ObservedWorktree:
    location = repository.location
    settings = load_settings(repository)
    tracking = worktree_tracking(repository, settings)
    exclude_local_files(location, sqlite_file(tracking.store.tracking_uri))
    identified = identify_worktree(repository, settings)
    if (problem := empty_scope_problem(identified.content)) is not None:
        raise problem
    version = identified.version
    app = identified.owner
    known_models = KnownModels(location, tracking.store)
    return ObservedWorktree(
        repository=repository,
        settings=settings,
        tracking=tracking,
        identified=identified,
        app=app,
        model_name=known_models.name(version.id, app) or model_name(identified.app, version),
        model_id=known_models.get(version.id, app),
    )


@contextmanager
def _lock(location: Location, seconds: float) -> Iterator[None]:
    path = os.path.join(location.state_dir, "lock")
    try:
        with FileLock(path, seconds) as lock:
            if not lock.held:
                raise GitverError(
                    f"another gitver process has been busy in {location.folder} for {seconds:g} s",
                    "try again, or stop it",
                )
            yield
    except OSError as error:
        raise GitverError(
            f"{error.filename or location.state_dir} cannot be written: {error.strerror}",
            "let this user write there, or set on_stale to trust",
        ) from error
