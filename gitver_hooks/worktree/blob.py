"""Computes the blob that git stores for a file or a symbolic link of the worktree."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable

from gitver_hooks.common.errors import GitverError
from gitver_hooks.worktree.checkout import Checkout
from gitver_hooks.worktree.conversion import Action, Conversion
from gitver_hooks.worktree.notebook import LARGEST_NOTEBOOK, is_notebook, only_sources
from gitver_hooks.worktree.objects import Objects

# Larger files are hashed in pieces of this size, and held in memory only if they are converted.
PIECE = 1 << 22
_OPEN = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class FileChanged(Exception):
    """The file is no longer what it was when it was listed."""


class Blobs:
    """Computes the blobs of one worktree's files.

    A file that equals what a checkout of HEAD writes has HEAD's blob, whatever git's conversion
    would make of it. So committed content that its own attributes would change (a CRLF file under
    ``text``) counts as unchanged on every machine until it is edited. Git itself decides such cases
    by the stat data of its index. A notebook has HEAD's blob if its cells have the same sources.
    ``head_blob(path)`` returns the raw id of a regular file in HEAD.
    """

    def __init__(
        self,
        conversion: Conversion,
        checkout: Checkout,
        objects: Objects,
        head_blob: Callable[[bytes], bytes | None],
        algorithm: str,
    ) -> None:
        self._conversion = conversion
        self._checkout = checkout
        self._objects = objects
        self._head_blob = head_blob
        self._new = hashlib.sha256 if algorithm == "sha256" else hashlib.sha1

    def id(self, path: bytes, full: bytes, mode: int) -> bytes:
        """The raw id of the blob for the file or symbolic link at ``full``.

        ``path`` is relative to the worktree's root, ``mode`` comes from lstat. Raises FileChanged,
        or OSError if the file cannot be read.
        """
        if stat.S_ISLNK(mode):
            return self._unreplaced(path, self.hash(os.readlink(full)))
        action = self._conversion.action(path)
        descriptor = open_file(full)
        try:
            if action is None and not is_notebook(path):
                return self._unreplaced(path, self._hash_descriptor(descriptor))
            content = read_all(descriptor)
        finally:
            os.close(descriptor)
        return self._stored(path, content, action)[0]

    def content(self, path: bytes, full: bytes, mode: int) -> tuple[bytes, bytes]:
        """The raw id of a blob and its content; arguments and errors as for ``id``."""
        if stat.S_ISLNK(mode):
            content = os.readlink(full)
            return self.hash(content), content
        descriptor = open_file(full)
        try:
            content = read_all(descriptor)
        finally:
            os.close(descriptor)
        return self._stored(path, content, self._conversion.action(path))

    def hash(self, content: bytes) -> bytes:
        """The raw id of a blob with this content."""
        return self._new(b"blob %d\0%b" % (len(content), content)).digest()

    def _stored(self, path: bytes, content: bytes, action: Action | None) -> tuple[bytes, bytes]:
        """The raw id of the blob for the ``content`` of a file, and what is stored."""
        # If git has a filter for notebooks (nbstripout, jupytext), what that stores counts.
        if is_notebook(path) and (action is None or action.filter is None):
            notebook = self._notebook(path, content)
            if notebook is not None:
                return notebook
        if action is None:
            return self._unreplaced(path, self.hash(content)), content
        return self._converted(path, content, action)

    def _notebook(self, path: bytes, content: bytes) -> tuple[bytes, bytes] | None:
        """HEAD's blob if it has the same sources, else one with the sources alone.

        None if ``content`` is no notebook.
        """
        head = self._head_blob(path)
        if self._unreplaced(path, self.hash(content)) == head is not None:
            return head, content
        counted = only_sources(content) if len(content) <= LARGEST_NOTEBOOK else None
        if counted is None:
            return None
        held = None if head is None else self._objects.blob(head)
        if head is not None and held is not None and only_sources(held) == counted:
            return head, held
        return self.hash(counted), counted

    def _converted(self, path: bytes, content: bytes, action: Action) -> tuple[bytes, bytes]:
        """The raw id of the blob for ``content``, and what is stored unless HEAD has it."""
        head = self._head_blob(path)
        raw_id = self._unreplaced(path, self.hash(content))
        if raw_id == head:
            return raw_id, content
        try:
            stored = self._conversion.stored(path, content, action)
        except GitverError:
            if head is not None and self._is_checked_out(path, head, content, action):
                return head, self._objects.required_blob(head)
            raise
        stored_id = self.hash(stored)
        if (
            head is not None
            and stored_id != head
            and self._is_checked_out(path, head, content, action)
        ):
            return head, self._objects.required_blob(head)
        return stored_id, stored

    def _is_checked_out(self, path: bytes, head: bytes, content: bytes, action: Action) -> bool:
        """Whether a checkout of HEAD would write ``content``.

        A blob that a partial clone does not have was never checked out.
        """
        blob = self._objects.blob(head)
        return blob is not None and content == self._checkout.written(path, blob, action)

    def _unreplaced(self, path: bytes, raw_id: bytes) -> bytes:
        """HEAD's id for a blob that git-replace puts in the place of HEAD's."""
        if self._objects.replacements:
            head = self._head_blob(path)
            if head is not None and self._objects.replacements.get(head) == raw_id:
                return head
        return raw_id

    def _hash_descriptor(self, descriptor: int) -> bytes:
        content = os.read(descriptor, PIECE)
        if len(content) < PIECE:
            # A short read need not be the end of the file.
            second_piece = os.read(descriptor, PIECE)
            if not second_piece:
                return self.hash(content)
            content += second_piece
        size = os.fstat(descriptor).st_size
        digest = self._new(b"blob %d\0" % size)
        while content:
            digest.update(content)
            size -= len(content)
            content = os.read(descriptor, PIECE)
        if size:
            raise FileChanged
        return digest.digest()


def open_file(full: bytes) -> int:
    """A descriptor of a regular file, opened without waiting.

    Raises FileChanged for anything else.
    """
    try:
        descriptor = os.open(full, _OPEN)
    except OSError as error:
        if isinstance(error, PermissionError):
            raise
        raise FileChanged from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise FileChanged
    return descriptor


def read_all(descriptor: int) -> bytes:
    """Everything from the descriptor's position to the end."""
    pieces = []
    while piece := os.read(descriptor, PIECE):
        pieces.append(piece)
    return b"".join(pieces)


def unreadable(full: bytes, error: OSError) -> GitverError:
    """The error for a file or folder that cannot be read although it counts."""
    shown = os.fsdecode(full).encode("utf-8", "backslashreplace").decode("utf-8")
    return GitverError(
        f"{shown!r} cannot be read: {error.strerror}", "make it readable, or let git ignore it"
    )
