"""Stores an observation as a snapshot file: names in blobs, stat data in packed numbers.

Standard library only.
"""

from __future__ import annotations

import os

from gitver_hooks.handover.observation import NESTED, pack, unpack

try:
    # The same function as hashlib's, without the milliseconds that loading OpenSSL takes.
    from _blake2 import blake2b
except ImportError:
    from hashlib import blake2b

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gitver_hooks.handover.observation import Observation

# The number detects a machine with another byte order.
_MAGIC = b"gitver snapshot 3\n" + pack([1])
_SECTIONS = 15
_DIGEST = 16
_ABSENT = b"\0" * _DIGEST


class Snapshot:
    """An observation as it is read back, with the version that was computed from it.

    ``files`` are paths from the worktree's root, grouped in the order of the directories;
    ``counts`` says how many are in each. ``signatures``, ``directory_signatures`` (mtime and ctime)
    and ``pinned_signatures`` are packed numbers. ``others`` are the tagged names in each
    directory. Names are separated by NUL. ``scope`` is the encoded Scope of the app.
    """

    __slots__ = (
        "content_digests", "content_paths", "counts", "directories", "directory_signatures",
        "files", "ignore_rules", "indexes", "kinds", "others", "pinned", "pinned_signatures",
        "scope", "signatures", "version_id",
    )  # fmt: skip

    version_id: bytes
    files: bytes
    signatures: bytes
    directories: bytes
    directory_signatures: bytes
    counts: bytes
    others: bytes
    kinds: bytes
    pinned: bytes
    pinned_signatures: bytes
    indexes: bytes
    content_paths: bytes
    content_digests: bytes
    ignore_rules: bytes
    scope: bytes


_ORDER = (
    "version_id", "files", "signatures", "directories", "directory_signatures", "counts", "others",
    "kinds", "pinned", "pinned_signatures", "indexes", "content_paths", "content_digests",
    "ignore_rules", "scope",
)  # fmt: skip


def copy(snapshot: Snapshot) -> Snapshot:
    """Another snapshot with the same sections."""
    duplicate = Snapshot()
    for name in _ORDER:
        setattr(duplicate, name, getattr(snapshot, name))
    return duplicate


def encode(snapshot: Snapshot) -> bytes:
    """The bytes of a snapshot file."""
    sections = [getattr(snapshot, name) for name in _ORDER]
    return b"".join((_MAGIC, pack(map(len, sections)), *sections, _MAGIC))


def decode(data: bytes) -> Snapshot | None:
    """The snapshot in the bytes of a file; None if it is incomplete or in another format."""
    start = len(_MAGIC) + 8 * _SECTIONS
    if not (data.startswith(_MAGIC) and data.endswith(_MAGIC)) or len(data) < start:
        return None
    lengths = unpack(data[len(_MAGIC) : start])
    if start + sum(lengths) + len(_MAGIC) != len(data):
        return None
    snapshot = Snapshot()
    for name, length in zip(_ORDER, lengths, strict=True):
        setattr(snapshot, name, data[start : start + length])
        start += length
    return snapshot


def from_observation(observation: Observation, version_id: str) -> Snapshot:
    """The snapshot of an observation."""
    snapshot = Snapshot()
    snapshot.version_id = version_id.encode("utf-8", "surrogateescape")
    snapshot.signatures = bytes(observation.signatures)
    _add_directories(snapshot, observation)
    snapshot.pinned = b"\0".join(observation.pinned)
    snapshot.pinned_signatures = pack(n for s in observation.pinned.values() for n in s)
    snapshot.indexes = b"\0".join(
        part
        for path, (digest, id_length) in observation.indexes.items()
        for part in (path, digest.hex().encode("ascii"), b"%d" % id_length)
    )
    snapshot.content_paths = b"\0".join(observation.contents)
    snapshot.content_digests = b"".join(map(content_digest, observation.contents.values()))
    exclude, excludes, ignore_case = observation.ignore_rules
    snapshot.ignore_rules = b"\0".join((exclude, excludes, b"1" if ignore_case else b"0"))
    snapshot.scope = observation.scope
    return snapshot


def _add_directories(snapshot: Snapshot, observation: Observation) -> None:
    directories = observation.directories
    snapshot.files = b"\0".join(
        directory.path + b"/" + name if directory.path else name
        for directory in directories
        for name in directory.files
    )
    snapshot.directories = b"\0".join(directory.path for directory in directories)
    snapshot.directory_signatures = pack(n for d in directories for n in d.signature)
    snapshot.counts = pack(len(directory.files) for directory in directories)
    snapshot.others = join_others([b"\0".join(directory.others) for directory in directories])
    # If an ignore file is missing, any new name counts as a change.
    snapshot.kinds = b"".join(
        directory.kind if observation.rules_on_disk else NESTED for directory in directories
    )


def content_digest(content: bytes | None) -> bytes:
    """A digest of a small file; a missing file has its own."""
    return _ABSENT if content is None else blake2b(content, digest_size=_DIGEST).digest()


def split(blob: bytes) -> list[bytes]:
    """The names in a blob of NUL-separated names."""
    return blob.split(b"\0") if blob else []


def join_others(others: list[bytes]) -> bytes:
    """The names of all directories in one blob."""
    # No name is empty, so two NULs can only be the end of a directory's names.
    return b"\0\0".join(others)


def split_others(blob: bytes) -> list[bytes]:
    """The names of each directory, as ``join_others`` joined them."""
    return blob.split(b"\0\0")


def load(state_dir: str, name: str) -> Snapshot | None:
    """The snapshot in the state; None if there is none that can be used."""
    try:
        with open(os.path.join(state_dir, name), "rb") as file:
            return decode(file.read())
    except (OSError, ValueError):
        return None
