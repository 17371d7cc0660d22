"""Records a worktree, and waits until MLflow has confirmed its version."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from gitver_hooks.gitfiles.location import Location
from gitver_hooks.handover.current_state import current_state
from gitver_hooks.handover.launch import start_deliverer
from gitver_hooks.recording.circuit_breaker import failure_of, open_breaker
from gitver_hooks.recording.known_models import KnownModels
from gitver_hooks.recording.outbox import Outbox
from gitver_hooks.recording.record import Recorded, record, record_if_known
from gitver_hooks.registry.registration import Registration

_POLL_SECONDS = 0.01
# Seconds. After that, a user at a terminal is told what they are waiting for.
_PATIENCE_SECONDS = 0.5


@dataclass(frozen=True)
class Registered:
    """The outcome of a registration: ``model_id``, or None and the ``problem`` in one line."""

    recorded: Recorded
    model_id: str | None
    problem: str = ""


def register(
    location: Location,
    environment: Mapping[str, str],
    on_waiting: Callable[[str], None] | None = None,
) -> Registered:
    """Record the worktree, registering its version if needed, and wait for MLflow.

    Waits as many seconds as the setting ``wait`` says, and not at all if the store has just failed.
    The registration then goes on in the background. ``on_waiting`` is called once, with a line to
    show, if the wait takes longer than half a second. Raises GitverError.
    """
    started = time.monotonic()
    recorded = record(location, environment, is_run=True)
    if recorded.registration is None:
        return Registered(recorded, recorded.model_id)
    outbox = Outbox(location)
    outbox.prefer(recorded.registration)
    # Read before the deliverer starts, which tries the store again.
    failure = failure_of(location, recorded.store)
    try:
        start_deliverer(location, environment, recorded.store.key)
    except OSError as error:
        return Registered(recorded, None, f"the deliverer cannot be started: {error}")
    if failure is not None:
        return Registered(recorded, None, failure)
    if not recorded.wait:
        return Registered(recorded, None, "it is being registered in the background")
    waiting = _Waiting(location, recorded.registration, started, recorded.wait)
    problem = waiting.wait(on_waiting)
    model_id = KnownModels(location, recorded.store).get(recorded.version.id, recorded.app)
    if model_id is None:
        return Registered(recorded, None, problem or "it could not be registered")
    return _confirmed(location, environment, recorded, model_id)


def _confirmed(
    location: Location, environment: Mapping[str, str], recorded: Recorded, model_id: str
) -> Registered:
    """The result for a version that MLflow has confirmed, if the worktree still has it."""
    state = current_state(location, environment)
    if state is not None and (state.version, state.model_id) == (recorded.version.id, model_id):
        # The deliverer has just written file and state.
        confirmed = recorded._replace(
            model_id=state.model_id, model_name=state.model_name, registration=None
        )
        return Registered(confirmed, state.model_id)
    now = record_if_known(location, environment)._replace(hint=recorded.hint)
    if now.version.id == recorded.version.id:
        return Registered(now, model_id)
    problem = "" if now.model_id else "the worktree changed while its version was registered"
    return Registered(now, now.model_id, problem)


class _Waiting:
    """Waits for one registration until ``seconds`` after ``started`` (time.monotonic())."""

    def __init__(
        self, location: Location, registration: Registration, started: float, seconds: float
    ) -> None:
        self._location = location
        self._registration = registration
        self._started = started
        self._seconds = seconds

    def wait(self, on_waiting: Callable[[str], None] | None) -> str:
        """Wait; returns why the registration is not confirmed, or an empty string if it is."""
        outbox, store = Outbox(self._location), self._registration.store
        shown = on_waiting is None
        while outbox.is_waiting(self._registration):
            failure = failure_of(self._location, store)
            if failure is not None:
                return failure
            elapsed = time.monotonic() - self._started
            if elapsed >= self._seconds:
                return self._give_up()
            if not shown and on_waiting is not None and elapsed >= _PATIENCE_SECONDS:
                on_waiting(f"registering {self._registration.name} at {store.tracking_uri} ...")
                shown = True
            time.sleep(_POLL_SECONDS)
        entry = outbox.entry_for(self._registration)
        return entry.error if entry is not None else ""

    def _give_up(self) -> str:
        store = self._registration.store
        problem = (
            f"MLflow at {store.tracking_uri} has not answered within {self._seconds:g} s; "
            "the registration continues in the background; `gitver status` shows the result"
        )
        open_breaker(self._location, store.key, problem)
        return problem
