"""Stores what the guard remembers of an app: one file in the app's state, limited in size."""

from __future__ import annotations

import json
import os
from hashlib import blake2b
from typing import Any, NamedTuple

from gitver_hooks.common.files import read_small, try_replace_file
from gitver_hooks.floods.ignore_lines import IgnoreLine
from gitver_hooks.gitfiles.location import Location
from gitver_hooks.worktree.content import Entry

_NAME = "floods"
_FORMAT = 1
# No more lines are reported until the user has followed some of these.
MOST_LINES = 8
# With more files than this there is no guard.
_MOST_FILES = 4096
MOST_CHANGED = 64
_LONGEST_PATHS = 32 * 1024
_DIGEST = 8


class Memory(NamedTuple):
    """The result of the last recording of the app, and the reported lines.

    ``rest_digest`` and ``files`` are those of WrittenFiles, each file as two digests: of its path,
    and of its mode and content. ``files`` is None if there were too many. ``changed`` are the files
    that recently made other versions. ``in_a_row``: nothing else has changed since then.
    ``reported`` are the lines that were printed, the oldest first.
    """

    rest_digest: str
    files: dict[bytes, bytes] | None
    changed: tuple[bytes, ...] = ()
    in_a_row: bool = False
    reported: tuple[IgnoreLine, ...] = ()

    def with_limits(self) -> Memory:
        """A copy within the limits of what is saved."""
        changed, length = [], 0
        for path in self.changed[:MOST_CHANGED]:
            length += len(path)
            if length <= _LONGEST_PATHS:
                changed.append(path)
        return self._replace(changed=tuple(changed), reported=self.reported[-MOST_LINES:])


def digests(files: dict[bytes, Entry]) -> dict[bytes, bytes] | None:
    """The ``files`` of a Memory; None if there are too many."""
    if len(files) > _MOST_FILES:
        return None
    return {
        path_digest(path): _digest(b"%o %b" % (entry.mode, entry.id))
        for path, entry in files.items()
    }


def path_digest(path: bytes) -> bytes:
    """The key of a file in ``Memory.files``."""
    return _digest(path)


def load_memory(location: Location) -> Memory | None:
    """The saved memory of the app; None if it does not exist or is damaged."""
    content = read_small(_path(location), follow=False)
    if content is None:
        return None
    try:
        return _decoded(json.loads(content))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def save_memory(location: Location, memory: Memory) -> None:
    """Replace what is saved for the app, unless it is the same. Never raises."""
    content = json.dumps(_encoded(memory.with_limits())).encode("ascii")
    if read_small(_path(location), follow=False) != content:
        try_replace_file(_path(location), content)


def _encoded(memory: Memory) -> dict[str, Any]:
    files = memory.files
    return {
        "format": _FORMAT,
        "rest": memory.rest_digest,
        "files": None
        if files is None
        else b"".join(key + value for key, value in files.items()).hex(),
        "changed": [os.fsdecode(path) for path in memory.changed],
        "in_a_row": memory.in_a_row,
        "reported": [
            [os.fsdecode(line), os.fsdecode(path), is_safe]
            for line, path, is_safe in memory.reported
        ],
    }


def _decoded(fields: dict[str, Any]) -> Memory:
    if fields["format"] != _FORMAT:
        raise ValueError(fields["format"])
    files = None
    if fields["files"] is not None:
        packed = bytes.fromhex(fields["files"])
        pairs = [packed[at : at + 2 * _DIGEST] for at in range(0, len(packed), 2 * _DIGEST)]
        files = {pair[:_DIGEST]: pair[_DIGEST:] for pair in pairs}
    return Memory(
        rest_digest=str(fields["rest"]),
        files=files,
        changed=tuple(os.fsencode(path) for path in fields["changed"]),
        in_a_row=bool(fields["in_a_row"]),
        reported=tuple(
            IgnoreLine(os.fsencode(line), os.fsencode(path), bool(is_safe))
            for line, path, is_safe in fields["reported"]
        ),
    )


def _digest(content: bytes) -> bytes:
    return blake2b(content, digest_size=_DIGEST).digest()


def _path(location: Location) -> str:
    return os.path.join(location.state_dir, _NAME)
