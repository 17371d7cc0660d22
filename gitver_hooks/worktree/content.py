"""Reads a worktree as the tree that git would write, and how it differs from HEAD."""

from __future__ import annotations

import hashlib
import time
from typing import NamedTuple

from gitver_hooks.gitfiles.location import Location
from gitver_hooks.gitfiles.scope import EVERYTHING, Scope
from gitver_hooks.handover.observation import Observation, read_clock
from gitver_hooks.repository.repository import Repository
from gitver_hooks.worktree.blob_reader import BlobReader
from gitver_hooks.worktree.reader import Reading, WorktreeReader
from gitver_hooks.worktree.tree import Change, Entry

__all__ = ["Change", "Content", "Entry", "read_content", "read_new_blob", "read_old_blob"]

_ATTEMPTS = 3
_EMPTY_TREES = tuple(new(b"tree 0\0").hexdigest() for new in (hashlib.sha1, hashlib.sha256))
# A filesystem whose clock ticks more slowly (FAT: 2 s) gets no snapshot right after an edit.
_LONGEST_TICK_NS = 50_000_000


class Content(NamedTuple):
    """The content of a worktree, as far as it counts for its version.

    ``tree`` is the id of the tree that git would write, ``head_tree`` that of HEAD's tree and
    ``commit`` that of the HEAD commit (both None before the first commit). ``digest`` is a SHA-256
    over the tree and the digests of dirty submodules: it depends on content alone. ``submodules``
    are the dirty ones, by path; ``changes`` are sorted by path. ``blobs`` reads the content of both
    sides of a change as long as the repository is open. Only paths in ``scope`` are included.
    """

    tree: str
    head_tree: str | None
    commit: str | None
    dirty: bool
    digest: str
    changes: tuple[Change, ...]
    submodules: tuple[tuple[bytes, Content], ...]
    scope: Scope
    observation: Observation
    blobs: BlobReader

    @property
    def is_empty(self) -> bool:
        """Whether nothing is in scope, neither in HEAD nor in the worktree."""
        return self.tree in _EMPTY_TREES and not self.changes


def read_content(
    repository: Repository, *, untracked: bool = True, scope: Scope = EVERYTHING
) -> Content:
    """The content of the repository's worktree as it is now, as far as it is in ``scope``.

    ``untracked=False``: files that git does not track do not count. Raises GitverError, naming the
    path, if a tracked file cannot be read or the repository is broken.
    """
    location = repository.location
    for _ in range(_ATTEMPTS):
        observation = Observation(location.state_dir, scope.encode())
        reader = WorktreeReader(repository, observation, untracked=untracked, scope=scope)
        reading = reader.read()
        if observation.sound and not reading.changed_meanwhile:
            break
        if not reading.changed_meanwhile and not _settle(location, observation.youngest_ns):
            break
    if reading.changed_meanwhile:
        observation.sound = False
    return _content(reading, observation, scope)


def read_old_blob(content: Content, change: Change) -> bytes:
    """The old side of one of the content's changes; see ``BlobReader.old``."""
    return content.blobs.old(change)


def read_new_blob(content: Content, change: Change) -> bytes:
    """The new side of one of the content's changes; see ``BlobReader.new``."""
    return content.blobs.new(change)


def _content(reading: Reading, observation: Observation, scope: Scope) -> Content:
    return Content(
        tree=reading.tree,
        head_tree=reading.head_tree,
        commit=reading.commit,
        dirty=reading.dirty,
        digest=reading.digest,
        changes=reading.changes,
        submodules=tuple(
            (path, _content(inner, observation, EVERYTHING)) for path, inner in reading.submodules
        ),
        scope=scope,
        observation=observation,
        blobs=reading.blobs,
    )


def _settle(location: Location, youngest_ns: int) -> bool:
    """Wait until the clock is past the youngest change; False if that takes longer than a tick."""
    deadline = time.monotonic_ns() + _LONGEST_TICK_NS
    while True:
        _, now = read_clock(location.state_dir)
        if now > youngest_ns:
            return True
        if youngest_ns - now > _LONGEST_TICK_NS or time.monotonic_ns() > deadline:
            return False
        time.sleep(0.001)
