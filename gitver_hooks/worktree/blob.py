"""The blob that git would store for a file or a symbolic link of the worktree."""

from __future__ import annotations

import hashlib
import os
import stat

from gitver_hooks.common.errors import GitverError
from gitver_hooks.gitfiles.index import GITLINK_MODE
from gitver_hooks.gitfiles.location import ACTIVE_MODEL_FILE
from gitver_hooks.repository.repository import Repository
from gitver_hooks.worktree.conversion import Conversion
from gitver_hooks.worktree.objects import missing_blob, read_blob
from gitver_hooks.worktree.tree import Change

# Larger files are hashed in pieces of this size, and never held in memory as a whole unless they
# are converted.
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

        ``path`` is relative to the worktree's root. Raises Moved, or OSError where it cannot be
        read.
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
    """A descriptor of a regular file; whatever took its place is Moved, and never waited for."""
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


def read_old_blob(repository: Repository, change: Change) -> bytes:
    """The content of the old side of ``change``; empty where there is none.

    For a submodule the line that git shows in its place.
    """
    if change.old is None:
        return b""
    if change.old.mode == GITLINK_MODE:
        return b"Subproject commit %b\n" % change.old.id
    content = read_blob(repository, change.old.id)
    if content is None:
        raise missing_blob(repository, change.old.id)
    return content


def read_new_blob(repository: Repository, change: Change) -> bytes:
    """The content of the new side of ``change`` as git would store it; empty where there is none.

    To be called after ``read_content`` on the same repository. Raises GitverError where the file is
    not any more what the change says.
    """
    if change.new is None:
        return b""
    if change.new.mode == GITLINK_MODE:
        return b"Subproject commit %b\n" % change.new.id
    full = os.fsencode(repository.location.worktree) + b"/" + change.path
    content: bytes | None = None
    if repository.conversion is not None and change.path != os.fsencode(ACTIVE_MODEL_FILE):
        blobs = Blobs(repository.conversion, repository.algorithm)
        try:
            mode = os.lstat(full).st_mode
            if stat.S_ISREG(mode) or stat.S_ISLNK(mode):
                content = blobs.content(change.path, full, mode)
                if blobs.hash(content).hex().encode("ascii") != change.new.id:
                    content = None
        except PermissionError as error:
            raise unreadable(full, error) from error
        except (Moved, OSError):
            content = None
    if content is None:
        content = read_blob(repository, change.new.id)
    if content is None:
        shown = change.path.decode("utf-8", "backslashreplace")
        raise GitverError(f"{shown!r} changed while it was read", "run this again")
    return content


def unreadable(full: bytes, error: OSError) -> GitverError:
    """The error for a file or folder that has to be read and cannot be."""
    shown = os.fsdecode(full).encode("utf-8", "backslashreplace").decode("utf-8")
    return GitverError(
        f"{shown!r} cannot be read: {error.strerror}", "make it readable, or let git ignore it"
    )
