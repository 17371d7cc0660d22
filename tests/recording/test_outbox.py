"""The outbox: each registration once, in order, durable, and never lost between its folders."""

from __future__ import annotations

import json
import os
import shutil
import stat
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from gitver_hooks.common.errors import GitverError
from gitver_hooks.gitfiles.location import Location
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


def test_registrations_come_back_unchanged_and_in_order(location: Location) -> None:
    outbox = Outbox(location)
    written = [registration(version) for version in ("c", "a", "b")]
    for each in written:
        outbox.put(each)
    assert [entry.registration for entry in outbox.waiting()] == written
    (path, *_) = [entry.path for entry in outbox.waiting()]
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600


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


def test_other_files_in_the_outbox_are_no_entries(location: Location) -> None:
    outbox = Outbox(location)
    outbox.put(registration("a"))
    queue = Path(outbox.waiting()[0].path).parent
    content = Path(outbox.waiting()[0].path).read_bytes()
    for name in (".unfinished.json", "a.json~", "notes"):
        (queue / name).write_bytes(content)
    # As if another process had just removed it.
    (queue / "0.json").symlink_to("gone")
    assert versions(outbox.waiting()) == ["a"]
    for name in (".unfinished.json", "a.json~", "notes"):
        assert not any(path.endswith(f"/{name}") for path in outbox.queue(STORE.key))


@pytest.mark.heavy
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
    damage(Path(outbox.waiting()[0].path))
    outbox.put(registration("a"))
    assert sorted(versions(outbox.waiting())) == ["a", "b"]
    assert len(list(Path(location.shared_state_dir, "damaged").iterdir())) == 1


def test_a_state_folder_that_cannot_be_made_is_named(location: Location) -> None:
    Path(location.shared_state_dir).write_text("in the way")
    with pytest.raises(GitverError, match="cannot be written"):
        Outbox(location).put(registration("a"))


def test_the_remedy_names_what_cannot_be_written(location: Location) -> None:
    folder = Path(location.shared_state_dir)
    folder.mkdir()
    (folder / "outbox").write_text("in the way")
    with pytest.raises(GitverError) as caught:
        Outbox(location).put(registration("a"))
    assert str(caught.value) == (
        f"{folder} cannot be written: Not a directory; make the git dir writable, or free some "
        "space"
    )


# An entry may outlive an upgrade of gitver, so its name and its format are spelled out here.
ENTRY_NAME = "cc12c48419fc923032db0202c798c8e6.json"
ENTRY = """\
{
 "registration": {
  "version": "a",
  "name": "app-git-a",
  "store": "sqlite:////tmp/x.db\\nname:Default",
  "model_type": "agent",
  "tags": {
   "gitver.version": "a",
   "text": "\\u00fc\\n"
  },
  "params": {
   "a": "1"
  },
  "diff": "{\\"patches\\": []}",
  "app": ""
 },
 "error": "down"
}"""


def test_the_name_and_the_format_of_an_entry_stay_the_same(location: Location) -> None:
    outbox, folder = Outbox(location), Path(location.shared_state_dir)
    outbox.put(registration("a"))
    (entry,) = outbox.waiting()
    assert Path(entry.path) == folder / "outbox" / STORE.key / ENTRY_NAME
    outbox.note(entry, "down")
    assert Path(entry.path).read_text() == ENTRY
    outbox.reject(entry, "down")
    assert (folder / "rejected" / ENTRY_NAME).read_text() == ENTRY


def test_an_entry_written_before_an_upgrade_is_read(location: Location) -> None:
    path = Path(location.shared_state_dir, "outbox", STORE.key, ENTRY_NAME)
    path.parent.mkdir(parents=True)
    path.write_text(ENTRY)
    outbox = Outbox(location)
    assert outbox.waiting() == [Entry(str(path), registration("a"), "down")]
    assert outbox.entry_for(registration("a")) == Entry(str(path), registration("a"), "down")
    without_error = {"registration": json.loads(ENTRY)["registration"]}
    path.write_text(json.dumps(without_error))
    assert outbox.read(str(path)) == Entry(str(path), registration("a"), "")


def test_two_apps_of_a_repository_wait_apart(location: Location) -> None:
    outbox = Outbox(location)
    outbox.put(registration("a"))
    outbox.put(registration("a")._replace(app="shop"))
    assert [entry.registration.app for entry in outbox.waiting()] == ["", "shop"]
    names = [os.path.basename(path) for path in outbox.queue(STORE.key)]
    assert names == [ENTRY_NAME, "997039273acd30a2f0ce1cc684284290.json"]


def test_a_version_with_bytes_that_are_not_utf_8_waits(location: Location) -> None:
    outbox = Outbox(location)
    outbox.put(registration("main\udcff"))
    assert outbox.is_waiting(registration("main\udcff"))
    assert versions(outbox.waiting()) == ["main\udcff"]


def test_a_registration_waits_until_it_is_delivered_or_rejected(location: Location) -> None:
    outbox = Outbox(location)
    assert not outbox.is_waiting(registration("a"))
    outbox.put(registration("a"))
    assert outbox.is_waiting(registration("a"))
    outbox.reject(outbox.waiting()[0], "refused")
    assert not outbox.is_waiting(registration("a"))
    assert outbox.counts() == (0, 1)


def test_only_as_many_entries_are_read_as_asked_for(location: Location) -> None:
    outbox = Outbox(location)
    for version in ("c", "a", "b"):
        outbox.put(registration(version))
    assert versions(outbox.waiting(2)) == ["c", "a"]
    assert [outbox.read(path) for path in outbox.queue(STORE.key)] == outbox.waiting()
    for entry in outbox.waiting():
        outbox.reject(entry, "refused")
    assert versions(outbox.rejected(2)) == ["c", "a"]
    assert outbox.counts() == (0, 3)


def test_everything_can_be_discarded(location: Location) -> None:
    outbox = Outbox(location)
    for version in ("a", "b", "c"):
        outbox.put(registration(version))
    first, second, _ = outbox.waiting()
    outbox.reject(first, "refused")
    os.unlink(second.path)
    assert outbox.discard() == 2
    assert outbox.discard() == 0
    assert outbox.counts() == (0, 0)


def test_an_entry_that_vanishes_while_it_is_discarded_is_no_error(
    location: Location, monkeypatch: pytest.MonkeyPatch
) -> None:
    outbox = Outbox(location)
    outbox.put(registration("a"))
    entries = outbox.waiting()
    monkeypatch.setattr(outbox, "waiting", lambda: entries)
    os.unlink(entries[0].path)
    assert outbox.discard() == 1


def test_an_entry_is_delivered_once_if_two_find_it(location: Location) -> None:
    outbox = Outbox(location)
    outbox.put(registration("a"))
    outbox.prefer(registration("a"))
    (entry,) = outbox.waiting()
    for _ in range(2):
        outbox.remove(entry)
    outbox.reject(entry, "too late")
    assert outbox.counts() == (0, 0)
    assert outbox.stores() == []


def test_a_rejected_entry_is_not_preferred_any_more(location: Location) -> None:
    outbox = Outbox(location)
    outbox.put(registration("a"))
    outbox.prefer(registration("a"))
    outbox.reject(outbox.waiting()[0], "refused")
    assert outbox.preferred(STORE.key) == []
    # Where there was no preference, nothing has to be forgotten.
    outbox.put(registration("b"))
    outbox.reject(outbox.waiting()[0], "refused")
    assert outbox.counts() == (0, 2)


def test_a_rejected_entry_waits_again_after_its_queue_was_removed(location: Location) -> None:
    outbox = Outbox(location)
    outbox.put(registration("a"))
    outbox.reject(outbox.waiting()[0], "refused")
    shutil.rmtree(Path(location.shared_state_dir, "outbox"))
    outbox.retry_rejected()
    assert versions(outbox.waiting()) == ["a"]


def test_what_is_preferred_is_only_noted_where_the_state_can_be_written(
    location: Location,
) -> None:
    outbox = Outbox(location)
    outbox.put(registration("a"))
    queue = Path(location.shared_state_dir, "outbox", STORE.key)
    (queue / "preferred").write_text("in the way")
    outbox.prefer(registration("a"))
    assert outbox.preferred(STORE.key) == []
    assert versions(outbox.waiting()) == ["a"]


def test_other_files_in_a_queue_are_no_entries(location: Location) -> None:
    outbox = Outbox(location)
    outbox.put(registration("a"))
    queue = Path(location.shared_state_dir, "outbox", STORE.key)
    # What a killed writer leaves is hidden; `preferred` is a folder.
    for name in (f".{ENTRY_NAME}", ".1234.json", "notes.txt", "json"):
        (queue / name).write_text("no entry")
    assert versions(outbox.waiting()) == ["a"]
    assert outbox.counts() == (1, 0)


def test_a_failed_delivery_is_noted_durably(
    location: Location, monkeypatch: pytest.MonkeyPatch
) -> None:
    outbox = Outbox(location)
    outbox.put(registration("a"))
    (entry,) = outbox.waiting()
    synchronised: list[int] = []
    monkeypatch.setattr(os, "fsync", synchronised.append)
    outbox.note(entry, "down")
    assert len(synchronised) == 2


def test_an_entry_keeps_its_times_when_a_failure_is_noted(location: Location) -> None:
    outbox = Outbox(location)
    outbox.put(registration("a"))
    (entry,) = outbox.waiting()
    os.utime(entry.path, ns=(1_000, 2_000))
    outbox.note(entry, "down")
    times = os.stat(entry.path)
    assert (times.st_atime_ns, times.st_mtime_ns) == (1_000, 2_000)


def test_an_entry_that_cannot_be_set_aside_is_no_error(location: Location) -> None:
    outbox = Outbox(location)
    outbox.put(registration("a"))
    (entry,) = outbox.waiting()
    Path(entry.path).write_text("damaged")
    Path(location.shared_state_dir, "damaged").write_text("in the way")
    assert outbox.read(entry.path) is None
    assert outbox.waiting() == []


@pytest.mark.parametrize("version", ["one", "two"])
def test_damaged_entries_are_kept_apart(location: Location, version: str) -> None:
    outbox = Outbox(location)
    for damage in ("first", "second"):
        outbox.put(registration(version))
        (path,) = outbox.queue(STORE.key)
        Path(path).write_text(damage)
        assert outbox.waiting() == []
    damaged = sorted(Path(location.shared_state_dir, "damaged").iterdir())
    assert [each.read_text() for each in damaged] == ["first", "second"]
    assert {each.name.rpartition(".")[0] for each in damaged} == {os.path.basename(path)}
