"""Records all apps of a worktree at once, as hooks do: one open repository, one read index."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from gitver_hooks.common.errors import GitverError
from gitver_hooks.gitfiles.apps import apps_of, former_apps, has_only_root
from gitver_hooks.gitfiles.location import Location
from gitver_hooks.handover.active_model_file import remove_active_model_file
from gitver_hooks.handover.active_state import remove_state
from gitver_hooks.recording.record import Recorded
from gitver_hooks.repository.repository import Repository, open_repository
from gitver_hooks.worktree.observed_index import read_whole_index

RecordApp = Callable[[Location, Mapping[str, str], float, Repository], Recorded]


class AllRecorded(NamedTuple):
    """The recorded apps of a worktree, and the failures of those that could not be recorded."""

    apps: list[tuple[Location, Recorded]]
    failures: list[GitverError]


def all_apps(repository: Repository) -> list[Location]:
    """The apps of the worktree, see ``gitfiles.apps``. Raises GitverError."""
    location = repository.location
    if has_only_root(location):
        return [location.of_app("")]
    return apps_of(location, read_whole_index(repository))


def record_all(
    location: Location, environment: Mapping[str, str], lock_seconds: float, record_app: RecordApp
) -> AllRecorded:
    """Let ``record_app`` record each app of the worktree.

    Former apps lose their active-model file and state. An app that cannot be recorded does not hold
    up the others. Raises GitverError if the repository cannot be read.
    """
    result = AllRecorded([], [])
    with open_repository(location, environment) as repository:
        apps = all_apps(repository)
        for app in former_apps(location, apps):
            remove_active_model_file(app)
            remove_state(app)
        for app in apps:
            try:
                opened = repository.of_app(app)
                result.apps.append((app, record_app(app, environment, lock_seconds, opened)))
            except GitverError as error:
                result.failures.append(error)
    return result
