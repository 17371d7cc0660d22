"""Records a worktree: updates its active-model file, or puts its version into the outbox."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from gitver_hooks.gitfiles.location import Location
from gitver_hooks.handover.active_state import ActiveState, read_state
from gitver_hooks.handover.log import log
from gitver_hooks.handover.store import Store
from gitver_hooks.recording.observed import ObservedWorktree, observe
from gitver_hooks.recording.outbox import Outbox
from gitver_hooks.registry.registration import Registration
from gitver_hooks.repository.repository import Repository
from gitver_hooks.version.version import Version

# How long to wait for another gitver in the same worktree, in seconds. None of them waits for
# MLflow.
HOOK_LOCK_SECONDS = 2.0
LOCK_SECONDS = 10.0


class Recorded(NamedTuple):
    """The result of recording a worktree.

    ``app`` is the name of the app if its version is a part of a tree, else empty. ``model_id`` is
    None if the model is not known here; ``registration`` is then what was written to the outbox, or
    None if nothing was. ``wait`` is the setting, in seconds. ``hint`` is a line to print, or empty:
    see ``floods.guard``.
    """

    version: Version
    app: str
    model_name: str
    model_id: str | None
    store: Store
    registration: Registration | None
    wait: float
    hint: str = ""


def record(
    location: Location,
    environment: Mapping[str, str],
    lock_seconds: float = LOCK_SECONDS,
    opened: Repository | None = None,
    *,
    is_run: bool = False,
) -> Recorded:
    """Write the active-model file if the model of the version is known, else an outbox entry.

    ``opened`` is the app's repository if it is open already. ``is_run``: an app starts. Raises
    GitverError; the active-model file is removed then.
    """
    with observe(location, environment, lock_seconds, opened) as observed:
        registration = None if observed.model_id else _intend(observed)
        observed.write_active_model()
        if registration is None:
            _keep_again(observed)
        return _recorded(observed, registration, observed.watch_runs(is_run))


def record_if_known(
    location: Location,
    environment: Mapping[str, str],
    lock_seconds: float = LOCK_SECONDS,
    opened: Repository | None = None,
    *,
    is_run: bool = False,
) -> Recorded:
    """Write the active-model file if the model of the version is known; register nothing.

    The arguments are those of ``record``. Raises GitverError; the active-model file is removed
    then.
    """
    with observe(location, environment, lock_seconds, opened) as observed:
        observed.write_active_model()
        return _recorded(observed, None, observed.watch_runs(is_run))


def record_before_change(
    location: Location,
    environment: Mapping[str, str],
    lock_seconds: float = LOCK_SECONDS,
    opened: Repository | None = None,
) -> Recorded:
    """Register the version if it is not known, but leave no active-model file behind.

    For a worktree that is about to change, such as pre-commit's while it has unstaged changes
    stashed. Raises GitverError.
    """
    with observe(location, environment, lock_seconds, opened) as observed:
        registration = None if observed.model_id else _intend(observed)
        observed.remove_active_model()
        return _recorded(observed, registration)


def write_if_waiting(
    location: Location, environment: Mapping[str, str], registration: Registration
) -> None:
    """Write the active-model file of a worktree that waits for this registration.

    The worktree is identified again, because it may have changed since it was recorded: the file
    names the model of what it contains now, if that is known. Raises GitverError.
    """
    state = read_state(location)
    if state is None or not _waits_for(state, registration):
        return
    with observe(location, environment, LOCK_SECONDS) as observed:
        if observed.model_id is not None:
            observed.write_active_model()


def _waits_for(state: ActiveState, registration: Registration) -> bool:
    return (
        (state.version, state.app) == (registration.version, registration.app)
        and not state.model_id
        and state.store == registration.store
    )


def _intend(observed: ObservedWorktree) -> Registration:
    # Imported only here: known versions are the common case and must be fast.
    from gitver_hooks.recording.describe import describe

    registration = describe(
        observed.repository, observed.identified, observed.settings, observed.tracking.store
    )
    if observed.identified.version.dirty:
        from gitver_hooks.keeping.capture import capture

        # Before the outbox, so that a running deliverer finds both or neither.
        capture(observed.repository, observed.identified, observed.settings, observed.model_name)
    Outbox(observed.repository.location).put(registration)
    return registration


def _keep_again(observed: ObservedWorktree) -> None:
    """Have a known version kept in the background if its code was pruned."""
    if not observed.identified.version.dirty:
        return
    from gitver_hooks.handover.launch import start_keeper
    from gitver_hooks.keeping.capture import capture_again

    repository = observed.repository
    if capture_again(repository, observed.identified, observed.settings, observed.model_name):
        try:
            start_keeper(repository.location, repository.environment)
        except OSError as error:
            # The next deliverer starts one.
            log(repository.location, f"code cannot be kept now: {error}")


def _recorded(
    observed: ObservedWorktree, registration: Registration | None, hint: str = ""
) -> Recorded:
    return Recorded(
        version=observed.identified.version,
        app=observed.app,
        model_name=observed.model_name,
        model_id=observed.model_id,
        store=observed.tracking.store,
        registration=registration,
        wait=observed.settings.wait,
        hint=hint,
    )
