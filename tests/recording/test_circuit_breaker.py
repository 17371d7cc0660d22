"""The circuit breaker: remembers for a minute that a store has failed."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from gitver_hooks.gitfiles.location import Location
from gitver_hooks.handover.store import Experiment, Store
from gitver_hooks.recording.circuit_breaker import (
    OPEN_SECONDS,
    close_breaker,
    failure_of,
    open_breaker,
)

STORE = Store("http://localhost:1", Experiment())


def test_a_failure_is_known_until_the_store_answers(location: Location) -> None:
    assert failure_of(location, STORE) is None
    open_breaker(location, STORE.key, "connection refused")
    assert failure_of(location, STORE) == "connection refused"
    assert failure_of(location, Store("http://localhost:2", Experiment())) is None
    close_breaker(location, STORE)
    assert failure_of(location, STORE) is None


@pytest.mark.parametrize("age", [OPEN_SECONDS + 1, -3600.0])
def test_an_old_failure_does_not_count(location: Location, age: float) -> None:
    open_breaker(location, STORE.key, "connection refused")
    path = Path(location.shared_state_dir, "failed", STORE.key)
    then = time.time() - age
    os.utime(path, (then, then))
    assert failure_of(location, STORE) is None


def test_a_failure_without_a_readable_reason_does_not_count(location: Location) -> None:
    open_breaker(location, STORE.key, "")
    assert failure_of(location, STORE) is None
    close_breaker(location, STORE)
    Path(location.shared_state_dir, "failed", STORE.key).mkdir()
    assert failure_of(location, STORE) is None


def test_a_state_that_cannot_be_written_is_no_error(location: Location) -> None:
    Path(location.shared_state_dir).write_text("a file in the way")
    open_breaker(location, STORE.key, "connection refused")
    assert failure_of(location, STORE) is None
    close_breaker(location, STORE)
