"""The blob that git would store for a file or a symbolic link of the worktree."""

from __future__ import annotations

import hashlib
import os
import stat

from gitver_hooks.conversion import Conversion

# Larger files are hashed in pieces of this size, and never held in memory as a whole unless they are converted.
PIECE = 1 << 22
_OPEN = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class Moved(Exception):
    """The file is not any more what it was when it was looked at."""


class Blobs:
    """Reads and hashes blobs of one worktree."""

    def __init__(self, conversion: Conversion, algorithm: str) -> None:
        self._conversion = conversion
        self._new = hashlib.sha256 if algorithm == "sha256" else hashlib.sha1

    def id(self, path: bytes, full: bytes, mode: int) -> bytes:
        """The raw id of the blob at ``full``, a file or symbolic link by ``mode`` (as from lstat).

        ``path`` is relative to the worktree's root. Raises Moved, or OSError where it cannot be read.
        """
        if stat.S_ISLNK(mode):
            return self.hash(os.readlink(full))
        action = self._conversion.action(path)
        descriptor = open_file(full)
        try:
            if action is None:
                return self._hash_descriptor(descriptor)
            content = read_all(descriptor)
        finally:
            os.close(descriptor)
        return self.hash(self._conversion.stored(path, content, action))

    def content(self, path: bytes, full: bytes, mode: int) -> bytes:
        """What the blob holds; arguments and errors as for ``id``."""
        if stat.S_ISLNK(mode):
            return os.readlink(full)
        action = self._conversion.action(path)
        descriptor = open_file(full)
        try:
            content = read_all(descriptor)
        finally:
            os.close(descriptor)
        return content if action is None else self._conversion.stored(path, content, action)

    def hash(self, content: bytes) -> bytes:
        """The raw id of a blob with this content."""
        return self._new(b"blob %d\0%b" % (len(content), content)).digest()

    def _hash_descriptor(self, descriptor: int) -> bytes:
        content = os.read(descriptor, PIECE)
        if len(content) < PIECE:
            # A read that is shorter than asked for need not be the end of the file.
            rest = os.read(descriptor, PIECE)
            if not rest:
                return self.hash(content)
            content += rest
        size = os.fstat(descriptor).st_size
        digest = self._new(b"blob %d\0" % size)
        while content:
            digest.update(content)
            size -= len(content)
            content = os.read(descriptor, PIECE)
        if size:
            raise Moved
        return digest.digest()


def open_file(full: bytes) -> int:
    """A descriptor of a regular file; anything else that took its place is Moved, and never waited for."""
    try:
        descriptor = os.open(full, _OPEN)
    except OSError as error:
        if isinstance(error, PermissionError):
            raise
        raise Moved from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise Moved
    return descriptor


def read_all(descriptor: int) -> bytes:
    pieces = []
    while piece := os.read(descriptor, PIECE):
        pieces.append(piece)
    return b"".join(pieces)
