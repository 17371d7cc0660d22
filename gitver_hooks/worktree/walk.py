"""The walk through a worktree: what in it differs from the index."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from dataclasses import dataclass, field

from gitver_hooks.gitfiles import index as index_file
from gitver_hooks.gitfiles.ignore import is_local, is_local_folder, is_local_name
from gitver_hooks.gitfiles.index import GITLINK_MODE, INTENT_TO_ADD, LINK_MODE, SKIP_WORKTREE, Index
from gitver_hooks.gitfiles.location import ACTIVE_MODEL_FILE
from gitver_hooks.handover.observation import (
    FILE,
    FOLDER,
    MISSING,
    NESTED,
    OWN,
    SPECIAL,
    TRACKED_ONLY,
    Directory,
    Observation,
    tag,
)
from gitver_hooks.worktree.blob import Blobs, Moved, unreadable
from gitver_hooks.worktree.ignore_levels import Level, Levels
from gitver_hooks.worktree.tree import Children

ACTIVE_MODEL = os.fsencode(ACTIVE_MODEL_FILE)
_FIRST_32 = 0xFFFFFFFF
_BILLION = 1_000_000_000


@dataclass(frozen=True)
class Rules:
    """What the walk goes by."""

    blobs: Blobs
    untracked: bool = True
    file_mode: bool = True
    symlinks: bool = True
    # What the tree of a raw id holds, for directories that a sparse index folds.
    read_tree: Callable[[bytes], Children] = lambda _: {}
    is_repository: Callable[[bytes], bool] = lambda _: False


@dataclass
class Found:
    """What the walk found. Paths are relative to the worktree's root.

    ``changes``: what differs from the index, as (mode, raw id), None for what is gone. ``trusted``:
    tracked files that were not read because their stat data is that of the index. ``nested``:
    folders with a repository of their own. ``attributes``: folders with a .gitattributes.
    """

    changes: dict[bytes, tuple[int, bytes] | None] = field(default_factory=dict)
    trusted: list[bytes] = field(default_factory=list)
    nested: list[bytes] = field(default_factory=list)
    attributes: list[bytes] = field(default_factory=list)
    moved: bool = False


class Walk:
    """One walk through the worktree at ``root``, a bytes path; see ``run``."""

    def __init__(
        self,
        root: bytes,
        index: Index,
        rules: Rules,
        levels: Levels,
        observation: Observation,
        prefix: bytes = b"",
    ) -> None:
        self._root = root
        self._index = index
        self._rules = rules
        self._levels = levels
        self._observation = observation
        # The path of this worktree in the outermost one, with a slash; empty for that one itself.
        self._prefix = prefix
        self._kind = NESTED if prefix else OWN if rules.untracked else TRACKED_ONLY
        self._tracked_directories = _parents(index)
        self._seen: set[bytes] = set()
        self.found = Found()
        self._pending: list[Level] = []
        self._absent: set[tuple[bytes, bytes]] = set()
        self._walked: dict[bytes, Directory] = {}
        self._nested: dict[bytes, Level] = {}
        self._flags_at = index.flags_at

    def run(self) -> Found:
        """Walk.

        Raises GitverError where a tracked file or a folder of tracked files cannot be read.
        """
        self._pending.append(Level(b"", None, rules=None))
        while self._pending:
            self._enter(self._pending.pop())
        self._add_missing()
        return self.found

    def enter_as_folder(self, path: bytes) -> None:
        """Walk what is in ``path``, a repository without a commit, as in any other folder."""
        self._pending.append(Level(path, self._nested[path]))
        while self._pending:
            self._enter(self._pending.pop())

    def _enter(self, level: Level) -> None:
        path = level.path
        full = self._root + b"/" + path if path else self._root
        try:
            record = self._observation.directory(self._prefix + path, full, self._kind)
            with os.scandir(full) as listing:
                entries = list(listing)
            self._walked[path] = record
        except (FileNotFoundError, NotADirectoryError):
            self.found.moved = True
            return
        except OSError as error:
            if path in self._tracked_directories or not path:
                raise unreadable(full, error) from error
            return
        prefix = path + b"/" if path else b""
        self._look(level, record, prefix, entries)

    def _look(
        self, level: Level, seen: Directory, prefix: bytes, entries: list[os.DirEntry[bytes]]
    ) -> None:
        names = {entry.name for entry in entries}
        level.has_rules = b".gitignore" in names or prefix + b".gitignore" in self._index.entries
        if b".gitattributes" in names:
            self.found.attributes.append(level.path)
        tracked, unmerged = self._index.entries, self._index.unmerged
        for entry in entries:
            name = entry.name
            path = prefix + name
            if name == b".git" or path == ACTIVE_MODEL:
                if prefix or self._prefix:
                    seen.others.append(tag(entry) + name)
                continue
            kind = tag(entry)
            if kind == FOLDER:
                seen.others.append(FOLDER + name)
                self._directory(level, path, name)
            elif kind == SPECIAL:
                seen.others.append(SPECIAL + name)
            elif path in tracked and is_local_name(name):
                # MLflow's own file, tracked by mistake: a version would change with each trace.
                self._seen.add(path)
                seen.others.append(FILE + name)
            elif path in tracked:
                self._tracked(entry, path, seen, tracked[path])
            elif path in unmerged:
                self._seen.add(path)
                stages = unmerged[path]
                self._other(entry, path, seen, stages.get(2) or next(iter(stages.values())))
            elif not self._rules.untracked or self._levels.ignores(level, path, name, False):
                seen.others.append(FILE + name)
            else:
                self._other(entry, path, seen, None)

    def _tracked(
        self, entry: os.DirEntry[bytes], path: bytes, seen: Directory, record: bytes
    ) -> None:
        try:
            about = entry.stat(follow_symlinks=False)
        except OSError as error:
            self._missing(entry.path, error)
            return
        self._observation.file(seen, entry.name, about)
        self._seen.add(path)
        c_s, c_ns, m_s, m_ns, inode, mode, size = index_file.stat_data(record)
        racy = self._index.mtime_ns
        if (
            about.st_mtime_ns == m_s * _BILLION + m_ns < racy
            and about.st_ctime_ns == c_s * _BILLION + c_ns < racy
            and about.st_size & _FIRST_32 == size
            and about.st_ino & _FIRST_32 == inode
            and mode == self._mode(about.st_mode, record)
            and not (record[self._flags_at] & 0x40 and self._is_intent(record))
        ):
            self.found.trusted.append(path)
            return
        self._hash(entry.path, path, about.st_mode, record)

    def _other(
        self, entry: os.DirEntry[bytes], path: bytes, seen: Directory, record: bytes | None
    ) -> None:
        """A file that is untracked (no ``record``) or unmerged."""
        try:
            about = entry.stat(follow_symlinks=False)
        except OSError as error:
            if record is not None or not isinstance(error, PermissionError):
                self._missing(entry.path, error)
            return
        self._observation.file(seen, entry.name, about)
        self._hash(entry.path, path, about.st_mode, record)

    def _hash(self, full: bytes, path: bytes, st_mode: int, record: bytes | None) -> None:
        try:
            new = (self._mode(st_mode, record), self._rules.blobs.id(path, full, st_mode))
        except (Moved, FileNotFoundError):
            self.found.moved = True
            return
        except OSError as error:
            # Nobody can run what cannot be read; but what is tracked has to be known.
            if record is not None:
                raise unreadable(full, error) from error
            return
        index = self._index
        if (
            path not in index.entries
            or new != (index_file.mode(index.entries[path]), index.id(index.entries[path]))
            or self._is_intent(index.entries[path])
        ):
            self.found.changes[path] = new

    def verify(self, paths: list[bytes]) -> None:
        """Look at the content of tracked files that were trusted by their stat data."""
        for path in paths:
            full = self._root + b"/" + path
            try:
                about = os.lstat(full)
            except OSError as error:
                self._missing(full, error)
                continue
            self._hash(full, path, about.st_mode, self._index.entries[path])

    def _mode(self, st_mode: int, record: bytes | None) -> int:
        """The mode git stores (ce_mode_from_stat in git's read-cache.h)."""
        if stat.S_ISLNK(st_mode):
            return LINK_MODE
        before = 0 if record is None else index_file.mode(record)
        if not self._rules.symlinks and before == LINK_MODE:
            return LINK_MODE
        if not self._rules.file_mode:
            return before if stat.S_ISREG(before) else 0o100644
        return 0o100755 if st_mode & stat.S_IXUSR else 0o100644

    def _is_intent(self, record: bytes) -> bool:
        return bool(self._index.flags(record)[1] & INTENT_TO_ADD)

    def _missing(self, full: bytes, error: OSError) -> None:
        if not isinstance(error, FileNotFoundError):
            raise unreadable(full, error) from error
        self.found.moved = True

    def _directory(self, level: Level, path: bytes, name: bytes) -> None:
        index = self._index
        if path in index.sparse:
            self._unfold(path)
        records = list(index.unmerged.get(path, {}).values())
        if path in index.entries:
            records.append(index.entries[path])
        is_link = any(index_file.mode(record) == GITLINK_MODE for record in records)
        # A repository in the place of a tracked file is tracked, whatever git ignores.
        if is_link or (records and self._rules.is_repository(path)):
            self._seen.add(path)
            self.found.nested.append(path)
        elif is_local_folder(name):
            return
        elif path in self._tracked_directories:
            self._pending.append(Level(path, level))
        elif not self._rules.untracked or self._levels.ignores(level, path, name, True):
            return
        elif self._rules.is_repository(path):
            self._nested[path] = level
            self.found.nested.append(path)
        else:
            self._pending.append(Level(path, level))

    def _unfold(self, path: bytes) -> None:
        """Put what a sparse index folds into ``path`` into the index, since the folder exists."""
        index = self._index
        tree = index.trees[path] = index.sparse.pop(path)
        for name, (mode, raw_id) in self._rules.read_tree(tree).items():
            if mode == index_file.TREE_MODE:
                index.sparse[path + b"/" + name] = raw_id
            else:
                index.entries[path + b"/" + name] = index.record(mode, raw_id, SKIP_WORKTREE)
        self._tracked_directories.add(path)

    def _add_missing(self) -> None:
        index, seen = self._index, self._seen
        for folded in index.sparse:
            self._note_missing(folded)
        if len(seen) == len(index.entries) + len(index.unmerged):
            return
        for path, record in index.entries.items():
            if path not in seen and path != ACTIVE_MODEL and not is_local(path):
                self._note_missing(path)
                if not index.flags(record)[1] & SKIP_WORKTREE:
                    self.found.changes[path] = None
        for path in index.unmerged:
            if path not in seen:
                self._note_missing(path)

    def _note_missing(self, path: bytes) -> None:
        """Record, in the nearest folder that exists, what would have to appear there."""
        parent, _, name = path.rpartition(b"/")
        while parent not in self._walked and parent:
            parent, _, name = parent.rpartition(b"/")
        walked = self._walked.get(parent)
        if walked is not None and (parent, name) not in self._absent:
            self._absent.add((parent, name))
            walked.others.append(MISSING + name)


def _parents(index: Index) -> set[bytes]:
    found: set[bytes] = {b""}
    for paths in (index.entries, index.unmerged):
        for directory in {path.rpartition(b"/")[0] for path in paths}:
            while directory not in found:
                found.add(directory)
                directory = directory.rpartition(b"/")[0]
    return found
