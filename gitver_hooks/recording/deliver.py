"""Deliver: empty the outbox into MLflow, one deliverer at a time for a repository."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from gitver_hooks.common.errors import GitverError
from gitver_hooks.common.locks import FileLock
from gitver_hooks.gitfiles.location import Location, all_worktrees, find
from gitver_hooks.handover.active_model_file import remove_active_model_file
from gitver_hooks.handover.active_state import ActiveState, read_state
from gitver_hooks.handover.launch import BUSY
from gitver_hooks.handover.log import log
from gitver_hooks.handover.store import Experiment, Store
from gitver_hooks.recording.known_models import KnownModels
from gitver_hooks.recording.outbox import Entry, Outbox
from gitver_hooks.recording.record import complete, intend
from gitver_hooks.registry.failures import MLflowFailure, explained
from gitver_hooks.registry.own_process import limit_memory, prepare_own_process
from gitver_hooks.registry.store import experiment_id, open_store
from gitver_hooks.registry.tracking import resolve_tracking
from gitver_hooks.repository.remote import main_worktree
from gitver_hooks.repository.repository import open_repository
from gitver_hooks.settings import load_settings

if TYPE_CHECKING:
    from mlflow import MlflowClient

# One entry may take this long: longer than a slow server needs, short enough not to linger.
_ENTRY_SECONDS = 60
_ALL_SECONDS = 600
# How long one that finds another deliverer waits for it to end: a deliverer looks at the outbox
# once more before it lets go, so an entry written meanwhile is seen by one of the two.
_GIVE_WAY_SECONDS = 1.0
# Two failures in a row say that the store is down; one may be about the entry itself.
_FAILURES_OF_A_STORE = 2


@dataclass
class Delivered:
    """What became of the entries of one delivery."""

    delivered: int = 0
    failures: list[str] = field(default_factory=list)
    rejected: list[str] = field(default_factory=list)


Progress = Callable[[int, int, Entry], None]


class Deliverer:
    """Delivers the outbox of one repository; the MLflow clients live as long as it does."""

    def __init__(self, location: Location, environment: Mapping[str, str]) -> None:
        self._location = location
        self._environment = environment
        self._outbox = Outbox(location)
        self._addresses = _addresses(location, environment)
        self._clients: dict[str, MlflowClient] = {}
        self._experiments: dict[Store, str] = {}
        self._failures: Counter[Store] = Counter()

    def deliver(self, progress: Progress | None = None) -> Delivered:
        """Deliver what waits, oldest first; ``progress`` gets (position, number of all, entry)."""
        result = Delivered()
        entries = self._outbox.waiting()
        for position, entry in enumerate(entries, 1):
            store = entry.registration.store
            if self._failures[store] >= _FAILURES_OF_A_STORE:
                continue
            if progress:
                progress(position, len(entries), entry)
            try:
                self._deliver_entry(entry)
            except MLflowFailure as failure:
                self._fail(entry, failure, result)
            else:
                self._failures[store] = 0
                result.delivered += 1
        return result

    def _deliver_entry(self, entry: Entry) -> None:
        registration = entry.registration
        store = registration.store
        with explained(self._address(store)):
            client, experiment = self._experiment(store)
            from gitver_hooks.recording.safe_to_send import safe_to_send
            from gitver_hooks.registry.convergence import find_or_create

            deadline = time.monotonic() + _ENTRY_SECONDS
            model_id = find_or_create(
                client, experiment, safe_to_send(registration), deadline=deadline
            )
        KnownModels(self._location, store).put(registration.version, model_id)
        self._outbox.remove(entry)
        for worktree in all_worktrees(self._location, self._environment):
            complete(worktree, registration, model_id)

    def _fail(self, entry: Entry, failure: MLflowFailure, result: Delivered) -> None:
        log(self._location, f"{entry.registration.name}: {failure}", failure)
        if failure.permanent:
            self._outbox.reject(entry, str(failure))
            result.rejected.append(str(failure))
            return
        self._outbox.note(entry, str(failure))
        self._failures[entry.registration.store] += 1
        result.failures.append(str(failure))

    def is_live(self, state: ActiveState) -> bool:
        """Whether the active model of a worktree is still in MLflow. Raises MLflowFailure."""
        from gitver_hooks.registry.convergence import is_live

        store = _store_of(state)
        with explained(self._address(store)):
            return is_live(self._client(store), state.model_id)

    def _experiment(self, store: Store) -> tuple[MlflowClient, str]:
        client = self._client(store)
        if store not in self._experiments:
            self._experiments[store] = experiment_id(client, store.experiment)
        return client, self._experiments[store]

    def _client(self, store: Store) -> MlflowClient:
        address = self._address(store)
        if address not in self._clients:
            self._clients[address] = open_store(address)
        return self._clients[address]

    def _address(self, store: Store) -> str:
        """The tracking URI with the credentials that are in force now, where there are any."""
        return self._addresses.get(store.tracking_uri, store.tracking_uri)


def _addresses(location: Location, environment: Mapping[str, str]) -> dict[str, str]:
    """Tracking URIs as the settings and the environment give them, by what they are without
    credentials: the outbox holds none, and a password may have changed since it was written."""
    addresses: dict[str, str] = {}
    try:
        with open_repository(location, environment) as repository:
            tracking = resolve_tracking(load_settings(repository), main_worktree(repository))
        addresses[tracking.store.tracking_uri] = tracking.uri
    except GitverError as error:
        log(location, f"delivering without the settings: {error}")
    return addresses


def _store_of(state: ActiveState) -> Store:
    return Store(state.tracking_uri, Experiment.from_text(state.experiment))


def recheck_active_model(
    location: Location, environment: Mapping[str, str], deliverer: Deliverer
) -> None:
    """Ask MLflow whether the active model is still there; if not, register the version again."""
    state = read_state(location)
    if state is None or not state.model_id or deliverer.is_live(state):
        return
    log(location, f"{state.model_id} is no longer in MLflow; its version is registered again")
    KnownModels(location, _store_of(state)).forget(state.version)
    remove_active_model_file(location)
    intend(location, environment)


def deliver_all(
    location: Location,
    environment: Mapping[str, str],
    *,
    recheck: bool = False,
    seconds: float = _GIVE_WAY_SECONDS,
    progress: Progress | None = None,
) -> Delivered | None:
    """Deliver all that can be; None where another deliverer held on for ``seconds``.

    Works in the main worktree's folder, where MLflow puts the artifacts of a new embedded store.
    """
    path = os.path.join(location.shared_state_dir, "delivery.lock")
    with FileLock(path, seconds) as lock:
        if not lock.held:
            return None
        with open_repository(location, environment) as repository:
            os.chdir(main_worktree(repository))
        prepare_own_process(_ENTRY_SECONDS)
        deliverer = Deliverer(location, environment)
        result = Delivered()
        if recheck:
            try:
                recheck_active_model(location, environment, deliverer)
            except MLflowFailure as failure:
                log(location, f"the active model could not be checked: {failure}", failure)
                result.failures.append(str(failure))
        while Outbox(location).waiting():
            round_ = deliverer.deliver(progress)
            result.delivered += round_.delivered
            result.rejected += round_.rejected
            if not round_.delivered and not round_.rejected:
                result.failures += round_.failures
                break
        return result


def main(arguments: list[str]) -> None:
    """The background deliverer's whole life."""
    parser = argparse.ArgumentParser()
    parser.add_argument("worktree")
    parser.add_argument("--recheck", action="store_true")
    options = parser.parse_args(arguments)
    environment = dict(os.environ)
    location = find(options.worktree, environment)
    if location is None:
        return
    limit_memory()
    # The kernel ends what hangs, in whichever library it does: the default action of SIGALRM.
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(_ALL_SECONDS if len(Outbox(location).waiting()) > 1 else _ENTRY_SECONDS)
    try:
        if deliver_all(location, environment, recheck=options.recheck) is None:
            os.write(sys.stdout.fileno(), BUSY)
        _tidy(location)
    except BrokenPipeError:
        pass
    except BaseException as error:
        log(location, f"the delivery broke: {error}", error)
        raise


def _tidy(location: Location) -> None:
    """Remove temporary files that killed processes have left."""
    an_hour_ago = time.time() - 3600
    for folder in (location.state_dir, location.shared_state_dir):
        for path in Path(folder).rglob(".*.*.*"):
            if path.is_file() and path.stat().st_mtime < an_hour_ago:
                path.unlink(missing_ok=True)
