"""Writes loose objects and packs, such that a kill leaves nothing that git complains about.

Temporary files have the names that git itself uses and cleans up (``tmp_obj_*`` in a folder of
loose objects, ``tmp_pack_*`` and ``tmp_idx_*`` beside the packs; see prune(1) and fsck(1)). Loose
objects are not written through to the disk, as in git's own default (core.fsync in git-config(1)).
"""

from __future__ import annotations

import hashlib
import os
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import IO, NamedTuple

from gitver_hooks.common.files import is_shared

COMMIT, TREE, BLOB, TAG = "commit", "tree", "blob", "tag"
# The types of objects in packs (gitformat-pack(5)).
_PACKED_TYPES = {COMMIT: 1, TREE: 2, BLOB: 3, TAG: 4}
# Fast: source code becomes 5 % larger than with git's default.
_COMPRESSION = 1


class GitObject(NamedTuple):
    """The type, the id in hex and the content of an object."""

    type: str
    id: str
    content: bytes


def object_id(kind: str, content: bytes, algorithm: str) -> str:
    """The id of an object in hex."""
    return hashlib.new(algorithm, _header(kind, content) + content).hexdigest()


def freshen(objects: str, hex_id: str) -> bool:
    """Set the mtime of a loose object to now; False if it does not exist.

    Git does the same instead of writing an object again, so that its garbage collection does not
    remove the object before something refers to it.
    """
    try:
        os.utime(_loose_path(objects, hex_id))
    except OSError:
        return False
    return True


def write_loose(objects: str, git_object: GitObject) -> None:
    """Write one loose object into the folder ``objects`` of a repository. Raises OSError."""
    path = _loose_path(objects, git_object.id)
    _make_folder(os.path.dirname(path))
    with _temporary(os.path.dirname(path), "tmp_obj") as file:
        content = _header(git_object.type, git_object.content) + git_object.content
        file.write(zlib.compress(content, _COMPRESSION))
    os.replace(file.name, path)


def write_pack(objects: str, git_objects: Iterable[GitObject], count: int, algorithm: str) -> None:
    """Write ``count`` objects, in this order, as one pack with its index. Raises OSError."""
    from dulwich.pack import write_pack_index_v2

    folder = os.path.join(objects, "pack")
    _make_folder(folder)
    with _temporary(folder, "tmp_pack") as pack:
        writer = _PackWriter(pack, count, algorithm)
        for git_object in git_objects:
            writer.add(git_object)
        checksum = writer.finish()
    with _temporary(folder, "tmp_idx") as index:
        write_pack_index_v2(index, sorted(writer.entries), checksum)
    name = os.path.join(folder, f"pack-{checksum.hex()}")
    # Git looks for indexes, so the pack comes first.
    os.replace(pack.name, f"{name}.pack")
    os.replace(index.name, f"{name}.idx")


class _PackWriter:
    """Writes a pack object by object (gitformat-pack(5)); ``entries`` is what its index needs."""

    def __init__(self, file: IO[bytes], count: int, algorithm: str) -> None:
        self._file = file
        self._digest = hashlib.new(algorithm)
        self.entries: list[tuple[bytes, int, int | None]] = []
        self._put(b"PACK" + (2).to_bytes(4, "big") + count.to_bytes(4, "big"))

    def add(self, git_object: GitObject) -> None:
        offset = self._file.tell()
        data = _packed_header(git_object) + zlib.compress(git_object.content, _COMPRESSION)
        self._put(data)
        self.entries.append((bytes.fromhex(git_object.id), offset, zlib.crc32(data)))

    def finish(self) -> bytes:
        """Write the checksum, flush the pack to the disk, and return the checksum."""
        checksum = self._digest.digest()
        self._file.write(checksum)
        self._file.flush()
        os.fsync(self._file.fileno())
        return checksum

    def _put(self, data: bytes) -> None:
        self._digest.update(data)
        self._file.write(data)


def _header(kind: str, content: bytes) -> bytes:
    return b"%b %d\0" % (kind.encode("ascii"), len(content))


def _packed_header(git_object: GitObject) -> bytes:
    """The type and the length: four bits of it, then seven at a time, the lowest first."""
    size = len(git_object.content)
    byte = _PACKED_TYPES[git_object.type] << 4 | size & 0xF
    size >>= 4
    header = bytearray()
    while size:
        header.append(byte | 0x80)
        byte = size & 0x7F
        size >>= 7
    header.append(byte)
    return bytes(header)


def _loose_path(objects: str, hex_id: str) -> str:
    return os.path.join(objects, hex_id[:2], hex_id[2:])


def _make_folder(path: str) -> None:
    try:
        os.mkdir(path)
    except FileExistsError:
        return
    if is_shared(os.path.dirname(path)):
        os.chmod(path, 0o2775)


@contextmanager
def _temporary(folder: str, prefix: str) -> Iterator[IO[bytes]]:
    """A new file to write, removed again if that fails; ``name`` is its path."""
    path = os.path.join(folder, f"{prefix}_{os.urandom(8).hex()}")
    try:
        with open(path, "xb", opener=_open_read_only) as file:
            yield file
    except BaseException:
        with suppress(OSError):
            os.unlink(path)
        raise


def _open_read_only(path: str, flags: int) -> int:
    return os.open(path, flags, 0o444)
