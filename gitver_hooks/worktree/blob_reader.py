"""Reads both sides of a worktree's changes, as git stores them."""

from __future__ import annotations

import os
import stat

from gitver_hooks.common.errors import GitverError
from gitver_hooks.gitfiles.index import GITLINK_MODE
from gitver_hooks.gitfiles.location import ACTIVE_MODEL_FILE
from gitver_hooks.worktree.blob import Blobs, FileChanged, unreadable
from gitver_hooks.worktree.objects import Objects
from gitver_hooks.worktree.tree import Change


class BlobReader:
    """Reads both sides of a worktree's changes, as long as its repository is open."""

    def __init__(self, root: bytes, objects: Objects, blobs: Blobs) -> None:
        self._root = root
        self._objects = objects
        self._blobs = blobs

    def old(self, change: Change) -> bytes:
        """The content of the old side; empty if there is none.

        For a submodule, the line that git shows for it. Raises GitverError if the repository does
        not have the blob.
        """
        if change.old is None:
            return b""
        if change.old.mode == GITLINK_MODE:
            return b"Subproject commit %b\n" % change.old.id
        return self._objects.required_blob(_raw(change.old.id))

    def new(self, change: Change) -> bytes:
        """The content of the new side as git stores it; empty if there is none.

        Raises GitverError if the file has changed since the worktree was read.
        """
        if change.new is None:
            return b""
        if change.new.mode == GITLINK_MODE:
            return b"Subproject commit %b\n" % change.new.id
        content = None
        if change.path != os.fsencode(ACTIVE_MODEL_FILE):
            content = self._from_worktree(change.path, _raw(change.new.id))
        if content is None:
            content = self._objects.blob(_raw(change.new.id))
        if content is None:
            shown = change.path.decode("utf-8", "backslashreplace")
            raise GitverError(f"{shown!r} changed while it was being read", "run this again")
        return content

    def _from_worktree(self, path: bytes, raw_id: bytes) -> bytes | None:
        """The content of the file if its blob still has this id."""
        full = self._root + b"/" + path
        try:
            mode = os.lstat(full).st_mode
            if not (stat.S_ISREG(mode) or stat.S_ISLNK(mode)):
                return None
            present, content = self._blobs.content(path, full, mode)
        except PermissionError as error:
            raise unreadable(full, error) from error
        except (FileChanged, OSError):
            return None
        return content if present == raw_id else None


def _raw(hex_id: bytes) -> bytes:
    return bytes.fromhex(hex_id.decode("ascii"))
