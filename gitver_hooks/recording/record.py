"""Record: identify the worktree, look its model up or put it into the outbox, write the file."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import NamedTuple

from gitver_hooks.common.errors import GitverError
from gitver_hooks.common.locks import FileLock
from gitver_hooks.gitfiles.location import Location, check_state_folders
from gitver_hooks.handover import freshness
from gitver_hooks.handover.active_model_file import (
    read_active_model_file,
    remove_active_model_file,
    write_active_model_file,
)
from gitver_hooks.handover.active_state import (
    ActiveState,
    read_state,
    remove_state,
    write_state,
)
from gitver_hooks.handover.environment import recorded_variables
from gitver_hooks.handover.log import log
from gitver_hooks.recording.exclude import exclude_local_files
from gitver_hooks.recording.known_models import KnownModels
from gitver_hooks.recording.outbox import Outbox
from gitver_hooks.registry.registration import Registration
from gitver_hooks.registry.tracking import Tracking, resolve_tracking, sqlite_file, sqlite_inode
from gitver_hooks.repository.remote import main_worktree
from gitver_hooks.repository.repository import Repository, open_repository
from gitver_hooks.settings import Settings, load_settings
from gitver_hooks.version.identify import Identified, identify_worktree
from gitver_hooks.version.model_name import app_name, model_name
from gitver_hooks.version.version import Version

_LOCK_SECONDS = 10.0


@dataclass(frozen=True)
class Recorded:
    """What a worktree was recorded as.

    ``was_new`` says that MLflow was asked for the model just now. ``model_id`` is None while it has
    not confirmed it; ``problem`` then says why, in one line.
    """

    version: Version
    model_name: str
    model_id: str | None
    was_new: bool = False
    problem: str = ""


def record(
    location: Location,
    environment: Mapping[str, str],
    *,
    wait: float | None = None,
    register: bool = True,
    keep_file: bool = True,
) -> Recorded:
    """Make the active-model file and the state say what the worktree holds now.

    ``wait`` is how many seconds to wait for MLflow where the version is not known yet (default: the
    setting). ``register`` False asks for nothing: the file is right where the version is known, and
    gone where not. ``keep_file`` False leaves no active-model file behind: the worktree is about to
    change. Raises GitverError; the active-model file is gone then, because nobody knows what it
    should hold.
    """
    started = time.monotonic()
    how = _How(environment, register, keep_file)
    settings, recorded, registration = _record_locally(location, how)
    if registration is None:
        return recorded
    seconds = settings.wait if wait is None else wait
    problem = _deliver(location, registration, started + seconds if seconds else 0.0, seconds)
    model_id = KnownModels(location, registration.store).get(registration.version)
    if model_id is None:
        return replace(recorded, problem=problem)
    if keep_file and read_active_model_file(location.active_model_file) != model_id:
        # The deliverer had no snapshot to go by, or the worktree has changed meanwhile.
        _, recorded, _ = _record_locally(location, how._replace(register=False))
        problem = "" if recorded.model_id else "the worktree has changed while it was registered"
        return replace(recorded, was_new=True, problem=problem)
    return replace(recorded, model_id=model_id)


def intend(location: Location, environment: Mapping[str, str]) -> None:
    """As ``record``, but leave what has to be delivered in the outbox."""
    _record_locally(location, _How(environment, register=True, keep_file=True))


class _How(NamedTuple):
    environment: Mapping[str, str]
    register: bool
    keep_file: bool


def _record_locally(
    location: Location, how: _How
) -> tuple[Settings, Recorded, Registration | None]:
    """All of ``record`` that needs no MLflow. The registration is what remains to be delivered."""
    try:
        with open_repository(location, how.environment) as repository:
            check_state_folders(location, how.environment)
            settings = load_settings(repository)
            # No longer than for MLflow, but long enough for another gitver to look around.
            seconds = max(1.0, min(_LOCK_SECONDS, settings.wait))
            with _lock(location, seconds) as lock:
                if not lock.held:
                    raise GitverError(
                        f"another gitver has been at work in {location.worktree} for {seconds:g} s",
                        "try again, or end it",
                    )
                return _record_open(repository, settings, how)
    except (GitverError, OSError):
        # Nobody knows which version it should name.
        remove_active_model_file(location)
        raise


@contextmanager
def _lock(location: Location, seconds: float) -> Iterator[FileLock]:
    lock = FileLock(os.path.join(location.state_dir, "lock"), seconds)
    try:
        lock.__enter__()
    except OSError as error:
        raise GitverError(
            f"{location.state_dir} cannot be written: {error.strerror}",
            "let this user write there, or set on_stale to trust",
        ) from error
    try:
        yield lock
    finally:
        lock.__exit__(None, None, None)


def _record_open(
    repository: Repository, settings: Settings, how: _How
) -> tuple[Settings, Recorded, Registration | None]:
    location = repository.location
    tracking = resolve_tracking(settings, main_worktree(repository))
    exclude_local_files(location, sqlite_file(tracking.store.tracking_uri))
    identified = identify_worktree(repository, settings)
    version = identified.version
    name = model_name(app_name(repository, settings, version.remote_url), version)
    model_id = KnownModels(location, tracking.store).get(version.id)
    registration = None
    if model_id is None or not how.keep_file:
        remove_active_model_file(location)
    else:
        write_active_model_file(location, model_id)
    if model_id is None and how.register:
        # Imported where needed: a version that is known is the common case, and a fast one.
        from gitver_hooks.recording.describe import describe

        registration = describe(repository, identified, settings, tracking.store)
        Outbox(location).put(registration)
    if how.keep_file:
        _remember(location, identified, settings, tracking, model_id or "", name, how.environment)
    else:
        remove_state(location)
    recorded = Recorded(version, name, model_id, was_new=registration is not None)
    return settings, recorded, registration


def _remember(
    location: Location,
    identified: Identified,
    settings: Settings,
    tracking: Tracking,
    model_id: str,
    name: str,
    environment: Mapping[str, str],
) -> None:
    store = tracking.store
    write_state(
        location,
        ActiveState(
            version=identified.version.id,
            model_id=model_id,
            model_name=name,
            tracking_uri=store.tracking_uri,
            tracking_uri_source=tracking.uri_source,
            experiment=store.experiment.text,
            experiment_source=tracking.experiment_source,
            store_file=sqlite_file(store.tracking_uri) or "",
            store_inode=sqlite_inode(store.tracking_uri),
            on_stale=settings.on_stale,
            recheck=str(settings.recheck),
            environment=recorded_variables(environment),
        ),
    )
    observation = identified.content.observation
    # Where git ignores the settings they are no part of the content; they count all the same.
    observation.contents[os.fsencode(settings.path)] = settings.text
    freshness.save(location, observation, identified.version.id)


def _deliver(
    location: Location, registration: Registration, deadline: float, seconds: float
) -> str:
    """Start a delivery and wait for it; why it has not succeeded, where it has not."""
    from gitver_hooks.handover.launch import leave, start_delivery, wait_for_delivery

    outbox = Outbox(location)
    try:
        process = start_delivery(location)
    except OSError as error:
        log(location, "the delivery could not be started", error)
        return f"the delivery could not be started: {error}; run `gitver sync`"
    if not deadline:
        leave(process)
        return "it is being registered in the background"
    if not wait_for_delivery(process, deadline):
        while outbox.entry_for(registration) is not None and time.monotonic() < deadline:
            time.sleep(0.01)
    entry = outbox.entry_for(registration)
    if entry is not None and entry.error:
        return entry.error
    for other in outbox.waiting():
        # A delivery that meets a store that is down does not try the rest of what waits for it.
        if other.error and other.registration.store == registration.store:
            return other.error
    return (
        f"MLflow at {registration.store.tracking_uri} has not answered within {seconds:g} s; "
        "it is registered later, `gitver status` tells"
    )


def complete(location: Location, registration: Registration, model_id: str) -> None:
    """Write the active-model file of a worktree that has waited for this registration.

    Only if the worktree still holds that version: what it holds otherwise is for the next hook or
    the shim to say.
    """
    with FileLock(os.path.join(location.state_dir, "lock"), _LOCK_SECONDS) as lock:
        state = read_state(location)
        if not lock.held or state is None or not _waits_for(state, registration):
            return
        if freshness.fresh_version(location) != registration.version:
            return
        write_active_model_file(location, model_id)
        state.model_id = model_id
        state.store_inode = sqlite_inode(registration.store.tracking_uri)
        write_state(location, state)


def _waits_for(state: ActiveState, registration: Registration) -> bool:
    return (
        state.version == registration.version
        and not state.model_id
        and state.tracking_uri == registration.store.tracking_uri
        and state.experiment == registration.store.experiment.text
    )
