"""Delivers the queue of one store to MLflow, with at most one deliverer per store at a time."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from gitver_hooks.common.errors import GitverError
from gitver_hooks.common.locks import FileLock
from gitver_hooks.common.masking import mask
from gitver_hooks.gitfiles.location import Location, all_worktrees, recorded_apps
from gitver_hooks.handover.log import log
from gitver_hooks.handover.notices import forget_notices, leave_notice
from gitver_hooks.handover.store import Store
from gitver_hooks.recording.circuit_breaker import close_breaker, open_breaker
from gitver_hooks.recording.known_models import KnownModels
from gitver_hooks.recording.outbox import Entry, Outbox
from gitver_hooks.recording.record import write_if_waiting
from gitver_hooks.recording.safe_to_send import safe_to_send
from gitver_hooks.registry.convergence import find_or_create, name_of
from gitver_hooks.registry.failures import MLflowFailure, explained
from gitver_hooks.registry.store import experiment_id, open_store

if TYPE_CHECKING:
    from mlflow import MlflowClient

# Seconds for one entry, which is more than a slow server needs.
ENTRY_SECONDS = 60
# Two failures in a row mean that the store is down; one may be due to the entry itself.
_FAILURES_OF_A_STORE = 2


@dataclass
class Delivered:
    """The outcome of one delivery."""

    delivered: int = 0
    failures: list[str] = field(default_factory=list)
    rejected: list[str] = field(default_factory=list)


Progress = Callable[[int, Entry], None]


class Deliverer:
    """Delivers the queue of one store, with one MLflow client.

    ``address`` maps a tracking URI without credentials to the one to use, with those that apply
    now: the outbox contains none, and a password may have changed since an entry was written.
    """

    def __init__(
        self,
        location: Location,
        environment: Mapping[str, str],
        address: Callable[[str], str],
        progress: Progress | None = None,
    ) -> None:
        self._location = location
        self._environment = environment
        self._address = address
        self._progress = progress
        self._outbox = Outbox(location)
        self._clients: dict[str, MlflowClient] = {}
        self._experiments: dict[Store, str] = {}

    def deliver(self, key: str, result: Delivered) -> None:
        """Deliver the queue of the store ``key`` until it is empty or the store fails."""
        failed_in_a_row = 0
        for path in self._next_paths(key):
            entry = self._outbox.read(path)
            if entry is None:
                continue
            if self._progress:
                self._progress(result.delivered + 1, entry)
            try:
                self._deliver_entry(entry)
            except MLflowFailure as failure:
                self._fail(entry, failure, result)
                failed_in_a_row += 0 if failure.permanent else 1
                if failed_in_a_row == _FAILURES_OF_A_STORE:
                    return
            else:
                failed_in_a_row = 0
                result.delivered += 1

    def _next_paths(self, key: str) -> Iterator[str]:
        """The entries of a queue, each once: those that somebody waits for before the others.

        An entry that is written during the delivery is part of it: whoever wrote it may have found
        this deliverer at work.
        """
        tried: set[str] = set()
        queue: list[str] = []
        while True:
            path = next((p for p in self._outbox.preferred(key) if p not in tried), None)
            if path is None:
                queue = queue or [p for p in reversed(self._outbox.queue(key)) if p not in tried]
                if not queue:
                    return
                path = queue.pop()
            if path not in tried:
                tried.add(path)
                yield path

    def _deliver_entry(self, entry: Entry) -> None:
        registration = entry.registration
        store = registration.store
        with explained(self._address(store.tracking_uri)):
            client, experiment = self._experiment(store)
            deadline = time.monotonic() + ENTRY_SECONDS
            model_id = find_or_create(
                client, experiment, safe_to_send(registration), deadline=deadline
            )
            app = registration.app
            name = name_of(client, model_id) if app else ""
        KnownModels(self._location, store).put(registration.version, model_id, app, name)
        for worktree in all_worktrees(self._location, self._environment):
            for location in recorded_apps(worktree):
                self._write_if_waiting(location, entry)
        self._outbox.remove(entry)
        close_breaker(self._location, store)
        forget_notices(self._location)

    def _write_if_waiting(self, location: Location, entry: Entry) -> None:
        try:
            write_if_waiting(location, self._environment, entry.registration)
        except (GitverError, OSError) as error:
            # A broken worktree must not delay the others.
            log(self._location, f"{location.folder}: {error}", error)

    def _fail(self, entry: Entry, failure: MLflowFailure, result: Delivered) -> None:
        name = entry.registration.name
        # A server may repeat the password that it was sent.
        problem = mask(str(failure), environment=self._environment)
        log(self._location, f"{name}: {problem}")
        notice = f"{name} is not in MLflow: {problem}"
        if failure.permanent:
            leave_notice(self._location, notice)
            self._outbox.reject(entry, problem)
            result.rejected.append(problem)
            return
        # What fails for the same reason is one failure, however many versions it concerns.
        leave_notice(self._location, notice, reason=problem)
        self._outbox.note(entry, problem)
        open_breaker(self._location, entry.registration.store.key, problem)
        result.failures.append(problem)

    def client(self, store: Store) -> MlflowClient:
        """The client for a store, opened at most once. Raises MLflowFailure."""
        address = self._address(store.tracking_uri)
        if address not in self._clients:
            self._clients[address] = open_store(address)
        return self._clients[address]

    def _experiment(self, store: Store) -> tuple[MlflowClient, str]:
        client = self.client(store)
        if store not in self._experiments:
            self._experiments[store] = experiment_id(client, store.experiment)
        return client, self._experiments[store]


def deliver_store(
    location: Location, key: str, deliverer: Deliverer, lock_seconds: float
) -> Delivered | None:
    """Deliver the queue of the store ``key``; None if another deliverer held its lock.

    A deliverer that gives up its lock has looked at the queue before, and one that finds the lock
    held waits ``lock_seconds`` for it: an entry written in between is seen by one of the two.
    """
    path = Path(location.shared_state_dir, "delivering", f"{key}.lock")
    with FileLock(str(path), lock_seconds) as lock:
        if not lock.held:
            return None
        result = Delivered()
        deliverer.deliver(key, result)
        return result
