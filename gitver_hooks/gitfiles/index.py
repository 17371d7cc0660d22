"""Reads the index: what git tracks, and the stat data it remembers (standard library only).

See gitformat-index(5): versions 2 to 4, SHA-1 and SHA-256, split and sparse indexes, and the cached
trees. dulwich's own ``Index`` rejects split and sparse indexes.
"""

from __future__ import annotations

import os
import struct

ASSUME_VALID = 0x8000
EXTENDED = 0x4000
STAGE = 0x3000
SKIP_WORKTREE = 0x4000
INTENT_TO_ADD = 0x2000

TREE_MODE = 0o040000
LINK_MODE = 0o120000
GITLINK_MODE = 0o160000

# ctime (s, ns), mtime (s, ns), device, inode, mode, uid, gid, size, each truncated to 32 bits.
_STAT = struct.Struct(">4L4xLL8xL")
_MODE = struct.Struct(">L")
_MODE_AT = 24
_ID_AT = 40


class IndexFormatError(Exception):
    """The file is not an index that this module can read; the message says why."""


class Index:
    """The content of an index file.

    ``entries`` maps each path to its *record*: the fixed part of the entry as it is in the file,
    which the functions below decode. An unmerged path is not in ``entries`` but in ``unmerged``,
    with its records by stage. ``trees`` maps directories (``b""`` is the root) to the raw ids of
    their trees if git knows these to be valid. ``sparse`` maps the directories (without the
    trailing slash) that a sparse index keeps folded to the raw ids of their trees. ``mtime_ns`` is
    when the index was written; ``signature`` is the stat data of the file, None if there is none.
    """

    __slots__ = ("entries", "id_length", "mtime_ns", "signature", "sparse", "trees", "unmerged")

    def __init__(self, id_length: int = 20) -> None:
        self.id_length = id_length
        self.entries: dict[bytes, bytes] = {}
        self.unmerged: dict[bytes, dict[int, bytes]] = {}
        self.trees: dict[bytes, bytes] = {}
        self.sparse: dict[bytes, bytes] = {}
        self.mtime_ns = 0
        self.signature: os.stat_result | None = None

    @property
    def flags_at(self) -> int:
        """The offset of the flags in a record."""
        return _ID_AT + self.id_length

    def flags(self, record: bytes) -> tuple[int, int]:
        """The flags and the extended flags of a record."""
        at = _ID_AT + self.id_length
        flags = record[at] << 8 | record[at + 1]
        return flags, (record[at + 2] << 8 | record[at + 3]) if flags & EXTENDED else 0

    def id(self, record: bytes) -> bytes:
        """The raw id of a record."""
        return record[_ID_AT : _ID_AT + self.id_length]

    def records(self, path: bytes) -> list[bytes]:
        """All records of a path: one, several if it is unmerged, or none."""
        records = list(self.unmerged[path].values()) if path in self.unmerged else []
        if path in self.entries:
            records.append(self.entries[path])
        return records

    def record(self, mode: int, raw_id: bytes, extended_flags: int) -> bytes:
        """A record without stat data, so that the file is always read."""
        return struct.pack(">24xL12x", mode) + raw_id + struct.pack(">HH", EXTENDED, extended_flags)

    def content_key(self) -> bytes:
        """Everything the index says about content, as bytes.

        It is the same for two indexes that differ only in stat data and in extensions that git
        refreshes.
        """
        parts: list[bytes] = []
        for path, record in self.entries.items():
            parts += (path, record[_MODE_AT : _MODE_AT + 4], record[_ID_AT:])
        for path, stages in self.unmerged.items():
            for record in stages.values():
                parts += (path, record[_MODE_AT : _MODE_AT + 4], record[_ID_AT:])
        for path, tree in self.sparse.items():
            parts += (path, tree)
        return b"\0".join(parts)


def stat_data(record: bytes) -> tuple[int, int, int, int, int, int, int]:
    """(ctime s, ctime ns, mtime s, mtime ns, inode, mode, size), each truncated to 32 bits."""
    return _STAT.unpack_from(record)


def mode(record: bytes) -> int:
    """The mode of a record."""
    return _MODE.unpack_from(record, _MODE_AT)[0]  # type: ignore[no-any-return]


def stage(record: bytes, id_length: int) -> int:
    """The stage of a record: 0, or 1 to 3 if the path is unmerged."""
    return (record[_ID_AT + id_length] & 0x30) >> 4


def read_index(git_dir: str, id_length: int = 20) -> Index:
    """The index of ``git_dir``; an empty one if there is none yet.

    ``id_length`` is the length of raw ids: 20 for SHA-1, 32 for SHA-256. Raises IndexFormatError if
    the file is damaged, OSError if it cannot be read.
    """
    index = Index(id_length)
    try:
        with open(os.path.join(git_dir, "index"), "rb") as file:
            index.signature = os.fstat(file.fileno())
            data = file.read()
    except FileNotFoundError:
        return index
    index.mtime_ns = index.signature.st_mtime_ns
    try:
        entries, extensions = _parse(data, id_length)
        if b"link" in extensions and any(extensions[b"link"][:id_length]):
            from gitver_hooks.gitfiles.split_index import merge_shared_index

            entries = merge_shared_index(git_dir, entries, extensions[b"link"], id_length)
        _distribute(index, entries)
        if b"TREE" in extensions:
            index.trees = _cached_trees(extensions[b"TREE"], id_length)
    except (IndexError, ValueError, struct.error) as error:
        raise IndexFormatError(f"damaged: {error}") from error
    return index


def parse_entries(data: bytes, id_length: int) -> list[tuple[bytes, bytes]]:
    """The (path, record) pairs in an index file, in its order."""
    return _parse(data, id_length)[0]


def _parse(data: bytes, id_length: int) -> tuple[list[tuple[bytes, bytes]], dict[bytes, bytes]]:
    signature, version, count = struct.unpack_from(">4sLL", data)
    if signature != b"DIRC" or version not in (2, 3, 4):
        raise IndexFormatError(f"its header is {signature!r}, version {version}")
    parse = _parse_compressed if version == 4 else _parse_plain
    entries, offset = parse(data, count, id_length)
    return entries, _extensions(data, offset, id_length)


def _parse_plain(data: bytes, count: int, id_length: int) -> tuple[list[tuple[bytes, bytes]], int]:
    entries: list[tuple[bytes, bytes]] = []
    append, find = entries.append, data.index
    flags_at = _ID_AT + id_length
    offset = 12
    for _ in range(count):
        path_at = offset + flags_at + (4 if data[offset + flags_at] & 0x40 else 2)
        end = find(b"\0", path_at)
        append((data[path_at:end], data[offset:path_at]))
        # NUL-padded to a multiple of eight, with at least one NUL.
        offset += (end - offset + 8) & ~7
    return entries, offset


def _parse_compressed(
    data: bytes, count: int, id_length: int
) -> tuple[list[tuple[bytes, bytes]], int]:
    entries: list[tuple[bytes, bytes]] = []
    append, find = entries.append, data.index
    flags_at = _ID_AT + id_length
    offset = 12
    path = b""
    for _ in range(count):
        path_at = offset + flags_at + (4 if data[offset + flags_at] & 0x40 else 2)
        record = data[offset:path_at]
        byte = data[path_at]
        path_at += 1
        strip = byte & 0x7F
        while byte & 0x80:
            byte = data[path_at]
            path_at += 1
            strip = ((strip + 1) << 7) | (byte & 0x7F)
        end = find(b"\0", path_at)
        path = path[: len(path) - strip] + data[path_at:end]
        append((path, record))
        offset = end + 1
    return entries, offset


def _extensions(data: bytes, offset: int, id_length: int) -> dict[bytes, bytes]:
    extensions: dict[bytes, bytes] = {}
    end = len(data) - id_length
    while offset + 8 <= end:
        name, size = struct.unpack_from(">4sL", data, offset)
        if not name[:1].isupper() and name not in (b"link", b"sdir"):
            raise IndexFormatError(f"it requires the unknown extension {name!r}")
        extensions[name] = data[offset + 8 : offset + 8 + size]
        offset += 8 + size
    return extensions


def _distribute(index: Index, entries: list[tuple[bytes, bytes]]) -> None:
    flags_at = _ID_AT + index.id_length
    plain = index.entries
    for path, record in entries:
        # Not stage(): most records have none, and a call for each costs time.
        if record[flags_at] & 0x30:
            index.unmerged.setdefault(path, {})[stage(record, index.id_length)] = record
        elif path[-1:] == b"/":
            index.sparse[path[:-1]] = index.id(record)
        else:
            plain[path] = record


def _cached_trees(data: bytes, id_length: int) -> dict[bytes, bytes]:
    """Paths to raw ids, from the TREE extension; an entry count of -1 marks an invalid one."""
    trees: dict[bytes, bytes] = {}
    offset = 0
    # The directories on the way down: their names, and how many subtrees of each are to come.
    names: list[bytes] = []
    pending: list[int] = []
    while offset < len(data):
        end = data.index(b"\0", offset)
        newline = data.index(b"\n", end)
        count, subtrees = (int(number) for number in data[end + 1 : newline].split(b" "))
        if pending:
            pending[-1] -= 1
        names.append(data[offset:end])
        pending.append(subtrees)
        offset = newline + 1
        if count >= 0:
            trees[b"/".join(names[1:])] = data[offset : offset + id_length]
            offset += id_length
        while pending and pending[-1] == 0:
            pending.pop()
            names.pop()
    return trees
