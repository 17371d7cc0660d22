"""The outbox: each registration once, in order, durable, and never lost between its folders."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from support.git import Git

from gitver_hooks.common.errors import GitverError
from gitver_hooks.gitfiles.location import Location, find
from gitver_hooks.handover.store import Experiment, Store
from gitver_hooks.recording.outbox import Entry, Outbox
from gitver_hooks.registry.registration import Registration

STORE = Store("sqlite:////tmp/x.db", Experiment())


def registration(version: str, store: Store = STORE) -> Registration:
    return Registration(
        version=version,
        name=f"app-git-{version}",
        store=store,
        tags={"gitver.version": version, "text": "ü\n"},
        params={"a": "1"},
        diff='{"patches": []}',
    )


def versions(entries: list[Entry]) -> list[str]:
    return [entry.registration.version for entry in entries]


@pytest.fixture
def location(git: Git) -> Location:
    found = find(str(git.path), os.environ)
    assert found is not None
    return found


def test_registrations_come_back_unchanged_and_in_order(location: Location) -> None:
    outbox = Outbox(location)
    written = [registration(version) for version in ("c", "a", "b")]
    for each in written:
        outbox.put(each)
    assert [entry.registration for entry in outbox.waiting()] == written
    (path, *_) = [entry.path for entry in outbox.waiting()]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_an_entry_reaches_the_disk_before_put_returns(
    location: Location, monkeypatch: pytest.MonkeyPatch
) -> None:
    synchronised: list[str] = []
    fsync = os.fsync

    def record_fsync(descriptor: int) -> None:
        synchronised.append(os.readlink(f"/proc/self/fd/{descriptor}"))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", record_fsync)
    Outbox(location).put(registration("a"))
    # The file, under its temporary name, and then the folder that has the new name in it.
    queue = os.path.join(location.shared_state_dir, "outbox", STORE.key)
    assert [os.path.isdir(path) for path in synchronised] == [False, True]
    assert synchronised[1] == queue


def test_a_version_waits_once_for_each_store_and_experiment(location: Location) -> None:
    outbox = Outbox(location)
    other = Store("http://localhost:1", Experiment())
    for _ in range(2):
        outbox.put(registration("a"))
        outbox.put(registration("a", other))
        outbox.put(registration("a", Store(STORE.tracking_uri, Experiment("other"))))
    assert len(outbox.waiting()) == 3
    assert len(outbox.stores()) == 3
    assert outbox.counts() == (3, 0)


def test_concurrent_writers_neither_lose_nor_repeat_an_entry(location: Location) -> None:
    wanted = [f"v{number}" for number in range(20)]
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda version: Outbox(location).put(registration(version)), wanted * 4))
    assert sorted(versions(Outbox(location).waiting())) == sorted(wanted)


def test_a_failed_delivery_keeps_its_place_and_its_reason(location: Location) -> None:
    outbox = Outbox(location)
    outbox.put(registration("a"))
    outbox.put(registration("b"))
    outbox.note(outbox.waiting()[0], "the server is down")
    assert [(e.registration.version, e.error) for e in outbox.waiting()] == [
        ("a", "the server is down"),
        ("b", ""),
    ]


def test_a_note_does_not_bring_a_delivered_entry_back(location: Location) -> None:
    outbox = Outbox(location)
    outbox.put(registration("a"))
    (entry,) = outbox.waiting()
    outbox.remove(entry)
    outbox.note(entry, "too late")
    assert outbox.waiting() == []


def test_a_preferred_entry_is_listed_until_it_is_delivered(location: Location) -> None:
    outbox = Outbox(location)
    outbox.put(registration("a"))
    outbox.put(registration("b"))
    outbox.prefer(registration("b"))
    (path,) = outbox.preferred(STORE.key)
    entry = outbox.read(path)
    assert entry is not None
    assert entry.registration.version == "b"
    outbox.remove(entry)
    assert outbox.preferred(STORE.key) == []
    assert versions(outbox.waiting()) == ["a"]


def test_a_rejected_entry_is_set_aside_and_can_be_tried_again(location: Location) -> None:
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
    assert versions(outbox.waiting()) == ["a"]


def test_a_second_rejection_replaces_the_first(location: Location) -> None:
    outbox = Outbox(location)
    for reason in ("first", "second"):
        outbox.put(registration("a"))
        outbox.reject(outbox.waiting()[0], reason)
    assert [entry.error for entry in outbox.rejected()] == ["second"]


def test_a_delivered_entry_is_neither_waiting_nor_rejected(location: Location) -> None:
    outbox = Outbox(location)
    outbox.put(registration("a"))
    outbox.reject(outbox.waiting()[0], "refused")
    outbox.put(registration("a"))
    outbox.remove(outbox.waiting()[0])
    assert outbox.waiting() == outbox.rejected() == []
    assert outbox.entry_for(registration("a")) is None


def make_directory(path: Path) -> None:
    path.unlink()
    path.mkdir()
    (path / "file").write_text("x")


@pytest.mark.parametrize(
    "damage",
    [
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(b"\xff\x00 no JSON"),
        lambda path: path.write_bytes(path.read_bytes()[:50]),
        lambda path: path.write_text('{"registration": 1}'),
        lambda path: path.write_text("[]"),
        make_directory,
    ],
    ids=["empty", "garbage", "truncated", "wrong type", "list", "directory"],
)
def test_a_damaged_entry_is_set_aside_and_its_version_can_be_put_again(
    location: Location, damage: Callable[[Path], object]
) -> None:
    outbox = Outbox(location)
    outbox.put(registration("a"))
    outbox.put(registration("b"))
    damage(outbox.waiting()[0].path)
    outbox.put(registration("a"))
    assert sorted(versions(outbox.waiting())) == ["a", "b"]
    assert len(list(Path(location.shared_state_dir, "damaged").iterdir())) == 1


def test_a_state_folder_that_cannot_be_made_is_named(location: Location) -> None:
    Path(location.shared_state_dir).write_text("in the way")
    with pytest.raises(GitverError, match="cannot be written"):
        Outbox(location).put(registration("a"))
