"""Reads objects from a pack (gitformat-pack(5), with version 2 of the pack's index).

Ids and checksums are not verified, as when git reads an object.
"""

from __future__ import annotations

import mmap
import os
import zlib
from struct import error as StructError
from struct import unpack_from

_SIGNATURE = b"\xfftOc\0\0\0\x02"
_FANOUT = len(_SIGNATURE)
_NAMES = _FANOUT + 256 * 4
_TYPES = {1: b"commit", 2: b"tree", 3: b"blob", 4: b"tag"}
_OFFSET_DELTA, _REF_DELTA = 6, 7
_PIECE = 1 << 16


class PackFormatError(ValueError):
    """The pack is damaged, or in a format that this module does not read."""


class Pack:
    """One pack, whose index is at ``path``. Raises OSError and PackFormatError."""

    def __init__(self, path: str, id_length: int) -> None:
        self._id_length = id_length
        self._index = _map(path)
        self._pack_path = path.removesuffix(".idx") + ".pack"
        self._pack: mmap.mmap | None = None
        if self._index[: len(_SIGNATURE)] != _SIGNATURE:
            raise PackFormatError(f"{path} is not an index of version 2")
        self._count = self._fanout(255)

    def close(self) -> None:
        """Close the pack and its index."""
        self._index.close()
        if self._pack is not None:
            self._pack.close()

    def read(self, raw_id: bytes) -> tuple[bytes, bytes] | None:
        """The type and the content of an object; None if it is not in this pack."""
        offset = self._offset(raw_id)
        if offset is None:
            return None
        if self._pack is None:
            self._pack = _map(self._pack_path)
        deltas: list[bytes] = []
        while True:
            kind, start, base = self._header(self._pack, offset)
            content = _inflate(self._pack, start)
            if kind in _TYPES:
                break
            deltas.append(content)
            offset = base
        for delta in reversed(deltas):
            content = _apply(content, delta)
        return _TYPES[kind], content

    def _fanout(self, byte: int) -> int:
        return _number(">I", self._index, _FANOUT + 4 * byte)

    def _offset(self, raw_id: bytes) -> int | None:
        """The offset of the object in the pack; None if it is not there."""
        low = self._fanout(raw_id[0] - 1) if raw_id[0] else 0
        high = self._fanout(raw_id[0])
        length = self._id_length
        while low < high:
            middle = (low + high) // 2
            at = _NAMES + middle * length
            middle_id = self._index[at : at + length]
            if middle_id == raw_id:
                return self._offset_of(middle)
            if middle_id < raw_id:
                low = middle + 1
            else:
                high = middle
        return None

    def _offset_of(self, number: int) -> int:
        # After the names come the checksums, four bytes each, then the offsets.
        offsets = _NAMES + self._count * (self._id_length + 4)
        offset = _number(">I", self._index, offsets + 4 * number)
        if offset & 0x80000000:
            large = offsets + 4 * self._count + 8 * (offset & 0x7FFFFFFF)
            offset = _number(">Q", self._index, large)
        return offset

    def _header(self, pack: mmap.mmap, offset: int) -> tuple[int, int, int]:
        """The type of an entry, where its data starts, and where the base of a delta is."""
        at = offset
        byte = pack[at]
        at += 1
        kind = byte >> 4 & 7
        while byte & 0x80:
            byte = pack[at]
            at += 1
        if kind == _OFFSET_DELTA:
            byte = pack[at]
            at += 1
            distance = byte & 0x7F
            while byte & 0x80:
                byte = pack[at]
                at += 1
                distance = (distance + 1) << 7 | byte & 0x7F
            return kind, at, offset - distance
        if kind == _REF_DELTA:
            base = self._offset(pack[at : at + self._id_length])
            if base is None:
                raise PackFormatError("the base of a delta is in another pack")
            return kind, at + self._id_length, base
        if kind not in _TYPES:
            raise PackFormatError(f"an entry of the unknown type {kind}")
        return kind, at, 0


def _number(kind: str, index: mmap.mmap, at: int) -> int:
    try:
        number: int = unpack_from(kind, index, at)[0]
    except StructError as error:
        raise PackFormatError("the index is cut off") from error
    return number


def _map(path: str) -> mmap.mmap:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return mmap.mmap(descriptor, 0, access=mmap.ACCESS_READ)
    finally:
        os.close(descriptor)


def _inflate(pack: mmap.mmap, start: int) -> bytes:
    inflater = zlib.decompressobj()
    pieces = []
    while not inflater.eof and start < len(pack):
        pieces.append(inflater.decompress(pack[start : start + _PIECE]))
        start += _PIECE
    if not inflater.eof:
        raise PackFormatError("an entry is cut off")
    return b"".join(pieces)


def _apply(base: bytes, delta: bytes) -> bytes:
    """The object that ``delta`` makes of ``base`` (gitformat-pack(5), Deltified representation)."""
    _, at = _size(delta, 0)
    size, at = _size(delta, at)
    pieces = []
    while at < len(delta):
        instruction = delta[at]
        at += 1
        if not instruction & 0x80:
            pieces.append(delta[at : at + instruction])
            at += instruction
            continue
        numbers = []
        for bit in range(7):
            byte = 0
            if instruction & 1 << bit:
                byte = delta[at]
                at += 1
            numbers.append(byte)
        start = int.from_bytes(bytes(numbers[:4]), "little")
        length = int.from_bytes(bytes(numbers[4:]), "little") or 0x10000
        pieces.append(base[start : start + length])
    result = b"".join(pieces)
    if len(result) != size:
        raise PackFormatError("a delta does not fit its base")
    return result


def _size(delta: bytes, at: int) -> tuple[int, int]:
    """A number of seven bits per byte, the lowest first, and where it ends."""
    size = shift = 0
    while True:
        byte = delta[at]
        at += 1
        size |= (byte & 0x7F) << shift
        shift += 7
        if not byte & 0x80:
            return size, at
