"""Registering and waiting: how long somebody waits for a store, and what they are told."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest
from support.git import Git
from support.locations import location_of

from gitver_hooks.gitfiles.location import Location
from gitver_hooks.recording import register as registering
from gitver_hooks.recording.circuit_breaker import failure_of, open_breaker
from gitver_hooks.recording.register import Registered, register

Starts = list[str]


@pytest.fixture
def starts(monkeypatch: pytest.MonkeyPatch) -> Starts:
    """The keys of the stores for which a deliverer was started; none is."""
    keys: Starts = []
    monkeypatch.setattr(registering, "start_deliverer", lambda at, env, key: keys.append(key))
    return keys


def wait(git: Git, seconds: float, shown: list[str] | None = None) -> Registered:
    git("config", "gitver.wait", str(seconds))
    on_waiting: Callable[[str], None] | None = None if shown is None else shown.append
    return register(location_of(git.path), os.environ, on_waiting)


@pytest.mark.parametrize(("patience", "lines"), [(0.0, 1), (3600.0, 0)])
def test_who_waits_longer_than_half_a_second_is_told_so_once(
    git: Git, starts: Starts, monkeypatch: pytest.MonkeyPatch, patience: float, lines: int
) -> None:
    assert registering._PATIENCE_SECONDS == 0.5
    monkeypatch.setattr(registering, "_PATIENCE_SECONDS", patience)
    shown: list[str] = []
    assert wait(git, 0.2, shown).model_id is None
    assert len(starts) == 1
    assert len(shown) == lines
    assert all(line.startswith("registering app-git-") for line in shown)


def test_a_store_that_does_not_answer_is_waited_for_once(git: Git, starts: Starts) -> None:
    first = wait(git, 0.1)
    assert "has not answered within 0.1 s" in first.problem
    assert failure_of(location_of(git.path), first.recorded.store) == first.problem
    # An hour: the test would not end if it waited again.
    assert wait(git, 3600).problem == first.problem
    # But it is tried again, in the background.
    assert len(starts) == 2


def test_nobody_waits_for_a_deliverer_that_has_died(
    git: Git, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(location: Location, environment: object, key: str) -> None:
        open_breaker(location, key, "alembic is not installed")

    monkeypatch.setattr(registering, "start_deliverer", die)
    assert wait(git, 3600).problem == "alembic is not installed"


def test_without_a_wait_the_registration_is_left_to_the_background(
    git: Git, starts: Starts
) -> None:
    assert wait(git, 0).problem == "it is being registered in the background"
    assert len(starts) == 1
