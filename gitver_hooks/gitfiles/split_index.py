"""Reads a split index: a shared index with the changes of the index itself applied.

See gitformat-index(5), "Split index" and "link", and gitformat-bitmap(5), appendix A.
"""

from __future__ import annotations

import os
import struct

from gitver_hooks.gitfiles.index import IndexFormatError, parse_entries, stage


def merge_shared_index(
    git_dir: str, entries: list[tuple[bytes, bytes]], link: bytes, id_length: int
) -> list[tuple[bytes, bytes]]:
    """The entries of a split index, sorted by path.

    ``entries`` are those of the index itself. ``link`` is its extension: the name of the shared
    index, and which of the shared entries are deleted or replaced by the nameless ones, in order.
    """
    name = f"sharedindex.{link[:id_length].hex()}"
    try:
        with open(os.path.join(git_dir, name), "rb") as file:
            shared = parse_entries(file.read(), id_length)
    except FileNotFoundError as error:
        raise IndexFormatError(f"the shared index {name} is missing") from error
    deleted: set[int] = set()
    replaced: set[int] = set()
    if len(link) > id_length:
        deleted, offset = _read_bitmap(link, id_length)
        replaced, _ = _read_bitmap(link, offset)
    nameless = iter([record for path, record in entries if not path])
    merged: dict[tuple[bytes, int], bytes] = {}
    for position, (path, record) in enumerate(shared):
        if position in replaced:
            record = next(nameless, record)
        if position not in deleted:
            merged[path, stage(record, id_length)] = record
    for path, record in entries:
        if path:
            merged[path, stage(record, id_length)] = record
    # A merged path has no stages: an entry that is added later replaces the earlier one.
    return [(path, merged[path, number]) for path, number in sorted(merged)]


def _read_bitmap(data: bytes, offset: int) -> tuple[set[int], int]:
    """The positions of the set bits of an EWAH bitmap, and where it ends."""
    _bits, count = struct.unpack_from(">LL", data, offset)
    words = struct.unpack_from(f">{count}Q", data, offset + 8)
    positions: set[int] = set()
    base = 0
    index = 0
    while index < count:
        marker = words[index]
        index += 1
        run = (marker >> 1) & 0xFFFFFFFF
        if marker & 1:
            positions.update(range(base, base + run * 64))
        base += run * 64
        for literal in words[index : index + (marker >> 33)]:
            positions.update(base + bit for bit in range(64) if literal >> bit & 1)
            base += 64
            index += 1
    return positions, offset + 8 + count * 8 + 4
