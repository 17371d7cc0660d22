"""The snapshot on disk: what it holds of an observation, and that only a whole one is read back."""

from __future__ import annotations

import os
from array import array
from hashlib import blake2b
from pathlib import Path

import pytest

from gitver_hooks.handover import snapshot as snapshots
from gitver_hooks.handover.observation import FIELDS, NESTED, OWN, Directory, Observation, pack

SECTIONS = snapshots.Snapshot.__slots__


def numbers(data: bytes) -> list[int]:
    return list(array("q", data))


@pytest.fixture
def observation(tmp_path: Path) -> Observation:
    """Two folders, an index and a packed-refs that does not exist, and two small files."""
    observation = Observation(str(tmp_path / "state"))
    root, package = Directory(b"", OWN, 0, (1, 2)), Directory(b"pkg", OWN, 0, (3, 4))
    root.files, root.others = [b"a", b"b"], [b"fmlflow.db", b"dpkg"]
    package.files = [b"c"]
    observation.directories = [root, package]
    observation.signatures = bytearray(pack(range(3 * FIELDS)))
    observation.pinned = {b"/g/index": (5, 6, 7, 8, 9), b"/g/packed-refs": (0,) * FIELDS}
    observation.indexes = {b"/g/index": (b"\xab\xcd", 20), b"/m/index": (b"\x01", 32)}
    observation.contents = {b"/g/HEAD": b"ref: x\n", b"/home/.gitconfig": None}
    observation.ignore_rules = (b"/g/info/exclude", b"/home/ignore", True)
    return observation


def test_a_snapshot_contains_the_observation(observation: Observation) -> None:
    snapshot = snapshots.from_observation(observation, "v\udcff")
    assert snapshot.version_id == b"v\xff"
    assert snapshot.files == b"a\0b\0pkg/c"
    assert numbers(snapshot.signatures) == list(range(3 * FIELDS))
    assert snapshot.directories == b"\0pkg"
    assert numbers(snapshot.directory_signatures) == [1, 2, 3, 4]
    assert numbers(snapshot.counts) == [2, 1]
    assert snapshot.others == b"fmlflow.db\0dpkg\0\0"
    assert snapshots.split_others(snapshot.others) == [b"fmlflow.db\0dpkg", b""]
    assert snapshot.kinds == OWN + OWN
    assert snapshot.pinned == b"/g/index\0/g/packed-refs"
    assert numbers(snapshot.pinned_signatures) == [5, 6, 7, 8, 9, 0, 0, 0, 0, 0]
    assert snapshot.indexes == b"/g/index\0abcd\x0020\0/m/index\x0001\x0032"
    assert snapshot.content_paths == b"/g/HEAD\0/home/.gitconfig"
    digest = blake2b(b"ref: x\n", digest_size=16).digest()
    assert snapshot.content_digests == digest + b"\0" * 16
    assert snapshot.ignore_rules == b"/g/info/exclude\0/home/ignore\x001"


def test_any_new_name_counts_if_an_ignore_file_is_missing(observation: Observation) -> None:
    observation.rules_on_disk = False
    observation.ignore_rules = (b"", b"", False)
    snapshot = snapshots.from_observation(observation, "v")
    assert snapshot.kinds == NESTED + NESTED
    assert snapshot.ignore_rules == b"\0\x000"


def test_a_snapshot_is_read_back_and_copied_whole(observation: Observation, tmp_path: Path) -> None:
    snapshot = snapshots.from_observation(observation, "v")
    data = snapshots.encode(snapshot)
    (tmp_path / "s").write_bytes(data)
    for other in (
        snapshots.decode(data),
        snapshots.load(str(tmp_path), "s"),
        snapshots.copy(snapshot),
    ):
        assert other is not None
        for name in SECTIONS:
            assert getattr(other, name) == getattr(snapshot, name)


def test_an_observation_of_nothing_is_read_back(tmp_path: Path) -> None:
    snapshot = snapshots.from_observation(Observation(str(tmp_path)), "")
    other = snapshots.decode(snapshots.encode(snapshot))
    assert other is not None
    assert [getattr(other, name) for name in SECTIONS] == [
        getattr(snapshot, name) for name in SECTIONS
    ]
    assert snapshots.split(other.files) == []


def test_only_a_whole_snapshot_is_read(observation: Observation) -> None:
    data = snapshots.encode(snapshots.from_observation(observation, "v"))
    magic = data[: data.index(b"\n") + 9]
    assert data.endswith(magic)
    for end in range(len(data)):
        assert snapshots.decode(data[:end]) is None
        # A writer of another version may end with the same bytes.
        assert snapshots.decode(data[:end] + magic) is None or end == len(data) - len(magic)
    assert snapshots.decode(data + magic) is None
    assert snapshots.decode(data[:-1] + b"\1") is None
    assert snapshots.decode(b"x" + data[1:]) is None


def test_a_snapshot_that_cannot_be_read_is_none(tmp_path: Path) -> None:
    assert snapshots.load(str(tmp_path), "missing") is None
    os.mkdir(tmp_path / "folder")
    assert snapshots.load(str(tmp_path), "folder") is None
