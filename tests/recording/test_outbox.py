"""The outbox: once each, in order, durable, and nothing lost between its folders."""

from __future__ import annotations

import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from support.git import Git

from gitver_hooks.common.errors import GitverError
from gitver_hooks.gitfiles.location import Location, find
from gitver_hooks.handover.store import Experiment, Store
from gitver_hooks.recording.outbox import Outbox
from gitver_hooks.registry.registration import Registration

STORE = Store("sqlite:////tmp/x.db", Experiment())


def registration(version: str, store: Store = STORE) -> Registration:
    return Registration(
        version=version,
        name=f"app-git-{version}",
        store=store,
        tags={"gitver.version": version, "diff": "ü\n"},
        params={"a": "1"},
    )


@pytest.fixture
def location(git: Git) -> Location:
    found = find(str(git.path), os.environ)
    assert found is not None
    return found


def test_what_is_put_comes_back_as_it_was_and_in_order(location: Location) -> None:
    outbox = Outbox(location)
    put = [registration(version) for version in ("c", "a", "b")]
    for one in put:
        outbox.put(one)
    assert [entry.registration for entry in outbox.waiting()] == put
    (path, *_) = [entry.path for entry in outbox.waiting()]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_the_same_version_for_the_same_store_waits_once(location: Location) -> None:
    outbox = Outbox(location)
    other = Store("http://localhost:1", Experiment())
    for _ in range(2):
        outbox.put(registration("a"))
        outbox.put(registration("a", other))
        outbox.put(registration("a", Store(STORE.tracking_uri, Experiment("other"))))
    assert len(outbox.waiting()) == 3


def test_many_at_once_lose_and_double_nothing(location: Location) -> None:
    versions = [f"v{number}" for number in range(20)]
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda v: Outbox(location).put(registration(v)), versions * 4))
    waiting = [entry.registration.version for entry in Outbox(location).waiting()]
    assert sorted(waiting) == sorted(versions)


def test_a_failed_attempt_keeps_its_place_and_its_reason(location: Location) -> None:
    outbox = Outbox(location)
    outbox.put(registration("a"))
    outbox.put(registration("b"))
    outbox.note(outbox.waiting()[0], "the server is down")
    assert [(e.registration.version, e.error) for e in outbox.waiting()] == [
        ("a", "the server is down"),
        ("b", ""),
    ]


def test_what_is_rejected_is_set_aside_and_can_be_tried_again(location: Location) -> None:
    outbox = Outbox(location)
    outbox.put(registration("a"))
    outbox.reject(outbox.waiting()[0], "no such experiment")
    assert outbox.waiting() == []
    assert [entry.error for entry in outbox.rejected()] == ["no such experiment"]
    entry = outbox.entry_for(registration("a"))
    assert entry is not None
    assert entry.error == "no such experiment"
    outbox.retry_rejected()
    assert outbox.rejected() == []
    assert len(outbox.waiting()) == 1


def test_what_is_delivered_is_gone_from_both(location: Location) -> None:
    outbox = Outbox(location)
    outbox.put(registration("a"))
    outbox.reject(outbox.waiting()[0], "refused")
    outbox.put(registration("a"))
    outbox.remove(outbox.waiting()[0])
    assert outbox.waiting() == outbox.rejected() == []
    assert outbox.entry_for(registration("a")) is None


def test_a_file_that_is_no_entry_stops_nobody(location: Location) -> None:
    outbox = Outbox(location)
    outbox.put(registration("a"))
    Path(location.shared_state_dir, "outbox", "00-damaged.json").write_text('{"registration": 1}')
    assert [entry.registration.version for entry in outbox.waiting()] == ["a"]


def test_a_state_folder_that_cannot_be_had_is_named(location: Location) -> None:
    Path(location.shared_state_dir).write_text("in the way")
    with pytest.raises(GitverError, match="cannot be written"):
        Outbox(location).put(registration("a"))
