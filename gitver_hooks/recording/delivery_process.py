"""Runs a deliverer as a process of its own, which a hook or a shim starts in the background."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Mapping
from pathlib import Path

from gitver_hooks.common.errors import GitverError
from gitver_hooks.common.masking import mask
from gitver_hooks.gitfiles.location import Location, find_location
from gitver_hooks.handover.active_model_file import remove_active_model_file
from gitver_hooks.handover.active_state import read_state
from gitver_hooks.handover.launch import start_deliverer, start_keeper
from gitver_hooks.handover.log import log
from gitver_hooks.handover.notices import leave_notice
from gitver_hooks.handover.store import Store
from gitver_hooks.keeping.keeper_process import has_work
from gitver_hooks.recording.circuit_breaker import failure_of, open_breaker
from gitver_hooks.recording.deliver import ENTRY_SECONDS, Deliverer, Progress, deliver_store
from gitver_hooks.recording.known_models import KnownModels
from gitver_hooks.recording.outbox import Entry, Outbox
from gitver_hooks.recording.record import record
from gitver_hooks.registry.convergence import is_live
from gitver_hooks.registry.failures import MLflowFailure, explained
from gitver_hooks.registry.own_process import detach, limit_memory, prepare_own_process
from gitver_hooks.registry.tracked_store import worktree_tracking
from gitver_hooks.repository.remote import main_worktree
from gitver_hooks.repository.repository import open_repository
from gitver_hooks.settings import load_settings

RECHECK = "--recheck"
# How long a deliverer waits for another one of the same store, in seconds.
_LOCK_SECONDS = 1.0
_LEFTOVER_SECONDS = 3600.0


def run_deliverer(arguments: list[str], environment: Mapping[str, str]) -> None:
    """Deliver one store of the outbox; ``arguments`` are worktree, store key, and ``--recheck``."""
    worktree, key, *options = arguments
    location = find_location(worktree, environment)
    if location is None:
        return
    detach()
    _start_keeper(location, environment)
    limit_memory()
    try:
        deliverer = open_deliverer(location, environment, _Watchdog(location).watch)
        if RECHECK in options:
            _recheck(location, environment, deliverer)
        deliver_store(location, key, deliverer, _LOCK_SECONDS)
        _start_others(location, environment, key)
        _remove_leftovers(location)
    except GitverError as error:
        log(location, f"delivery: {error}", error, environment)
        # An app may be waiting for the store.
        open_breaker(location, key, str(error))
        leave_notice(location, mask(str(error), environment=environment))


def _start_keeper(location: Location, environment: Mapping[str, str]) -> None:
    """Start a keeper if there is code to keep. It and the delivery do not depend on each other."""
    if has_work(location):
        try:
            start_keeper(location, environment)
        except OSError as error:
            log(location, f"code cannot be kept now: {error}")


def open_deliverer(
    location: Location,
    environment: Mapping[str, str],
    progress: Progress | None = None,
) -> Deliverer:
    """A deliverer for this process, which works in the main worktree from then on.

    That is where MLflow puts the artifacts of a new embedded store. Raises GitverError if the
    settings are wrong: it is then unknown where anything may be sent.
    """
    with open_repository(location, environment) as repository:
        root = main_worktree(repository)
        settings = load_settings(repository)
        tracking = worktree_tracking(repository, settings)
    os.chdir(root)
    prepare_own_process(ENTRY_SECONDS)
    addresses = {tracking.store.tracking_uri: tracking.uri}
    return Deliverer(location, environment, lambda uri: addresses.get(uri, uri), progress)


class _Watchdog:
    """Ends the process if one entry takes too long, and leaves a notice that says so.

    MLflow's client has timeouts, but a response that arrives byte by byte outlasts all of them.
    """

    def __init__(self, location: Location) -> None:
        self._location = location
        self._timer: threading.Timer | None = None

    def watch(self, _position: int, entry: Entry) -> None:
        """Give ``entry`` a minute."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer = threading.Timer(ENTRY_SECONDS, self._end, [entry])
        self._timer.daemon = True
        self._timer.start()
        signal.alarm(ENTRY_SECONDS + 15)

    def _end(self, entry: Entry) -> None:
        store = entry.registration.store
        problem = f"MLflow at {store.tracking_uri} has not answered within {ENTRY_SECONDS} s"
        open_breaker(self._location, store.key, problem)
        notice = f"{entry.registration.name} is not in MLflow: {problem}"
        leave_notice(self._location, notice, reason=problem)
        log(self._location, problem)
        os._exit(1)


def _recheck(location: Location, environment: Mapping[str, str], deliverer: Deliverer) -> None:
    try:
        recheck_active_model(location, environment, deliverer)
    except MLflowFailure as failure:
        log(location, f"the active model could not be checked: {failure}", failure)


def recheck_active_model(
    location: Location, environment: Mapping[str, str], deliverer: Deliverer
) -> None:
    """Ask MLflow whether the active model still exists; if not, have its version registered again.

    Raises MLflowFailure if that cannot be found out, and GitverError.
    """
    state = read_state(location)
    if state is None or not state.model_id:
        return
    store: Store = state.store
    with explained(store.tracking_uri):
        live = is_live(deliverer.client(store), state.model_id)
    if live:
        return
    log(location, f"{state.model_id} is no longer in MLflow; its version is registered again")
    KnownModels(location, store).forget(state.version, state.app)
    remove_active_model_file(location)
    record(location, environment)


def _start_others(location: Location, environment: Mapping[str, str], key: str) -> None:
    """Start a deliverer for each other store with entries that has not failed a moment ago."""
    outbox = Outbox(location)
    for other_key in outbox.stores():
        if other_key == key:
            continue
        entry = next(
            (candidate for path in outbox.queue(other_key)[:1] if (candidate := outbox.read(path))),
            None,
        )
        if entry is not None and failure_of(location, entry.registration.store) is None:
            start_deliverer(location, environment, other_key)


def _remove_leftovers(location: Location) -> None:
    """Remove temporary files that killed processes have left."""
    oldest = time.time() - _LEFTOVER_SECONDS
    for folder in (location.state_dir, location.shared_state_dir):
        for path in Path(folder).rglob(".*.*.*"):
            try:
                if path.is_file() and path.stat().st_mtime < oldest:
                    path.unlink(missing_ok=True)
            except OSError:
                continue
