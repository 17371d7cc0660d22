"""Runs calls that may hang in threads, which are abandoned at a deadline."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Hashable, Iterator, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from gitver_hooks.common.errors import GitverError

T = TypeVar("T")
K = TypeVar("K", bound=Hashable)


class DeadlinePassed(GitverError):
    """The deadline passed before an answer came."""


@dataclass(frozen=True)
class Deadline:
    """A moment of ``time.monotonic()`` (s), and the number of seconds that the user allowed."""

    at: float
    seconds: float

    @classmethod
    def after(cls, seconds: float) -> Deadline:
        """The deadline ``seconds`` from now."""
        return cls(time.monotonic() + seconds, seconds)

    def remaining(self) -> float:
        """The seconds left, never negative."""
        return max(0.0, self.at - time.monotonic())


@dataclass(frozen=True)
class Outcome(Generic[T]):
    """The value that a call returned, or the exception that it raised."""

    value: T | None = None
    error: Exception | None = None


def run_all(
    calls: Mapping[K, Callable[[], T]], deadline: Deadline, workers: int
) -> dict[K, Outcome[T]]:
    """The outcomes of the calls that ended before the deadline, started in the given order.

    A call that has not ended is abandoned in its daemon thread: a request to a server that sends
    its answer byte by byte cannot be interrupted in any other way.
    """
    pending: queue.SimpleQueue[tuple[K, Callable[[], T]]] = queue.SimpleQueue()
    ended: queue.SimpleQueue[tuple[K, Outcome[T]]] = queue.SimpleQueue()
    for item in calls.items():
        pending.put(item)

    def work() -> None:
        for key, call in _until_empty(pending, deadline):
            try:
                ended.put((key, Outcome(value=call())))
            except Exception as error:
                ended.put((key, Outcome(error=error)))

    for _ in range(min(workers, len(calls))):
        threading.Thread(target=work, name="gitver-history", daemon=True).start()
    outcomes: dict[K, Outcome[T]] = {}
    while len(outcomes) < len(calls):
        try:
            key, outcome = ended.get(timeout=max(0.001, deadline.remaining()))
        except queue.Empty:
            break
        outcomes[key] = outcome
    return outcomes


def run_one(call: Callable[[], T], deadline: Deadline) -> T:
    """The result of ``call``. Raises what it raises, and DeadlinePassed if it takes too long."""
    outcome = run_all({"call": call}, deadline, 1).get("call")
    if outcome is None:
        raise DeadlinePassed("the deadline passed")
    if outcome.error is not None:
        raise outcome.error
    return outcome.value  # type: ignore[return-value]


def _until_empty(
    pending: queue.SimpleQueue[tuple[K, Callable[[], T]]], deadline: Deadline
) -> Iterator[tuple[K, Callable[[], T]]]:
    while deadline.remaining() > 0:
        try:
            yield pending.get_nowait()
        except queue.Empty:
            return
