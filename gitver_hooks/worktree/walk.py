"""Walks through a worktree to find the directories and files that count."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import NamedTuple

from gitver_hooks.gitfiles import index as index_file
from gitver_hooks.gitfiles.ignore import (
    WorktreeIgnoreRules,
    is_local,
    is_local_folder,
    is_local_name,
)
from gitver_hooks.gitfiles.index import GITLINK_MODE, SKIP_WORKTREE, Index
from gitver_hooks.gitfiles.location import ACTIVE_MODEL_FILE
from gitver_hooks.gitfiles.scope import ALL, EVERYTHING, SOME, Scope
from gitver_hooks.handover.observation import (
    FILE,
    FOLDER,
    GITLINK,
    MISSING,
    NESTED,
    OWN,
    SPECIAL,
    TRACKED_ONLY,
    Directory,
    Observation,
    tag,
)
from gitver_hooks.worktree.blob import unreadable
from gitver_hooks.worktree.case_folding import CaseFolding
from gitver_hooks.worktree.file_check import FileCheck, Findings
from gitver_hooks.worktree.tree import Children, tracked_directories

ACTIVE_MODEL = os.fsencode(ACTIVE_MODEL_FILE)


class WalkRules(NamedTuple):
    """The rules by which a walk decides what counts, besides the index.

    ``scope`` says what counts. ``prefix`` is the path of the worktree in the outermost one, with a
    slash; empty for that one. ``read_tree`` reads the directories that a sparse index folds.
    ``folding`` is None unless core.ignoreCase is set.
    """

    ignore: WorktreeIgnoreRules
    read_tree: Callable[[bytes], Children]
    is_repository: Callable[[bytes], bool]
    active_model_file: bytes = ACTIVE_MODEL
    scope: Scope = EVERYTHING
    untracked: bool = True
    prefix: bytes = b""
    folding: CaseFolding | None = None


class Walk:
    """One walk through the worktree at ``root``; see ``run``."""

    def __init__(
        self,
        root: bytes,
        index: Index,
        rules: WalkRules,
        files: FileCheck,
        observation: Observation,
        findings: Findings,
    ) -> None:
        self._root = root
        self._index = index
        self._rules = rules
        self._files = files
        self._observation = observation
        self._findings = findings
        self._kind = NESTED if rules.prefix else OWN if rules.untracked else TRACKED_ONLY
        self._tracked_directories = tracked_directories(index)
        self._present: set[bytes] = set()
        self._pending: list[bytes] = []
        self._absent: set[tuple[bytes, bytes]] = set()
        self._walked: dict[bytes, Directory] = {}

    def run(self) -> None:
        """Walk the whole worktree and fill the findings.

        Raises GitverError if a tracked file or a folder of tracked files cannot be read.
        """
        self.enter(b"")
        self._add_missing()

    def enter(self, path: bytes) -> None:
        """Walk the directory ``path`` and what is below it."""
        self._pending.append(path)
        while self._pending:
            self._enter(self._pending.pop())

    def _enter(self, path: bytes) -> None:
        full = self._root + b"/" + path if path else self._root
        try:
            recorded = self._observation.directory(self._rules.prefix + path, full, self._kind)
            with os.scandir(full) as listing:
                entries = list(listing)
        except (FileNotFoundError, NotADirectoryError):
            self._findings.changed_meanwhile = True
            return
        except OSError as error:
            if path in self._tracked_directories or not path:
                raise unreadable(full, error) from error
            return
        self._walked[path] = recorded
        self._handle_entries(entries, path, recorded)

    def _handle_entries(
        self, entries: list[os.DirEntry[bytes]], path: bytes, recorded: Directory
    ) -> None:
        prefix = path + b"/" if path else b""
        names = {entry.name for entry in entries}
        scope = self._rules.scope
        part = scope.of_folder(path)
        # The index contains only what counts.
        if part == SOME or b".gitignore" in names or prefix + b".gitignore" in self._index.entries:
            self._findings.ignore_files.add(path)
        if b".gitattributes" in names:
            self._findings.attributes.append(path)
        for entry in entries:
            if part == ALL or scope.touches(prefix + entry.name, tag(entry) == FOLDER):
                self._handle_entry(entry, prefix + entry.name, path, recorded)
            else:
                recorded.others.append(tag(entry) + entry.name)

    def _handle_entry(
        self, entry: os.DirEntry[bytes], path: bytes, directory: bytes, recorded: Directory
    ) -> None:
        name, kind = entry.name, tag(entry)
        if name == b".git" or (path == self._rules.active_model_file and kind != FOLDER):
            if directory or self._rules.prefix:
                recorded.others.append(kind + name)
        elif kind == FOLDER:
            recorded.others.append((GITLINK if self._is_gitlink(path) else FOLDER) + name)
            self._handle_directory(directory, path, name)
        elif kind == SPECIAL:
            recorded.others.append(SPECIAL + name)
        else:
            self._handle_file(entry, path, directory, recorded)

    def _handle_file(
        self, entry: os.DirEntry[bytes], path: bytes, directory: bytes, recorded: Directory
    ) -> None:
        name, index = entry.name, self._index
        stored = path if self._rules.folding is None else self._stored_path(entry, path)
        if stored is None:
            recorded.others.append(FILE + name)
        elif stored in index.entries and is_local_name(name):
            # MLflow's own file, tracked by mistake: each trace would change the version.
            self._present.add(stored)
            recorded.others.append(FILE + name)
        elif stored in index.entries:
            self._present.add(stored)
            self._files.check_tracked(entry, stored, recorded)
        elif stored in index.unmerged:
            self._present.add(stored)
            self._files.check_unmerged(entry, stored, recorded)
        elif not self._rules.untracked or self._rules.ignore.ignores(directory, path, name, False):
            recorded.others.append(FILE + name)
        else:
            self._files.check_untracked(entry, stored, recorded)

    def _stored_path(self, entry: os.DirEntry[bytes], path: bytes) -> bytes | None:
        """The path of a file in the tree under core.ignoreCase; None: git looks at another file.

        That is the one whose tracked name differs only in case.
        """
        folding = self._rules.folding
        if folding is None or self._index.records(path):
            return path
        tracked_path = folding.tracked_file(path)
        if tracked_path is None:
            return folding.stored_path(path)
        return tracked_path if self._is_same_file(entry, tracked_path) else None

    def _is_same_file(self, entry: os.DirEntry[bytes], tracked_path: bytes) -> bool:
        """Whether the filesystem itself ignores case and has one file under both names."""
        try:
            return os.lstat(self._root + b"/" + tracked_path).st_ino == entry.inode()
        except OSError:
            return False

    def _is_gitlink(self, path: bytes) -> bool:
        return any(index_file.mode(record) == GITLINK_MODE for record in self._index.records(path))

    def _handle_directory(self, directory: bytes, path: bytes, name: bytes) -> None:
        rules, index = self._rules, self._index
        if path in index.sparse:
            self._unfold(path)
        # A repository in the place of a tracked file is tracked, whatever git ignores.
        if self._is_gitlink(path) or (index.records(path) and rules.is_repository(path)):
            self._present.add(path)
            self._findings.nested.append(path)
        elif is_local_folder(name):
            return
        elif self._is_tracked_directory(path):
            self._pending.append(path)
        elif not rules.untracked or rules.ignore.ignores(directory, path, name, True):
            return
        elif not rules.is_repository(path):
            self._pending.append(path)
        elif rules.scope.counts(path, is_folder=True):
            self._findings.nested.append(path)

    def _is_tracked_directory(self, path: bytes) -> bool:
        folding = self._rules.folding
        return path in self._tracked_directories or (
            folding is not None and folding.is_tracked_directory(path)
        )

    def _unfold(self, path: bytes) -> None:
        """Add what a sparse index folds into ``path`` to the index, since the folder exists."""
        index = self._index
        tree = index.trees[path] = index.sparse.pop(path)
        for name, (mode, raw_id) in self._rules.read_tree(tree).items():
            if mode == index_file.TREE_MODE:
                index.sparse[path + b"/" + name] = raw_id
            else:
                index.entries[path + b"/" + name] = index.record(mode, raw_id, SKIP_WORKTREE)
        self._tracked_directories.add(path)

    def _add_missing(self) -> None:
        index, present = self._index, self._present
        for folded in index.sparse:
            self._note_missing(folded)
        if len(present) == len(index.entries) + len(index.unmerged):
            return
        for path, record in index.entries.items():
            if path not in present and path != self._rules.active_model_file and not is_local(path):
                self._note_missing(path)
                if not index.flags(record)[1] & SKIP_WORKTREE:
                    self._findings.changes[path] = None
        for path in index.unmerged:
            if path not in present:
                self._note_missing(path)

    def _note_missing(self, path: bytes) -> None:
        """Record, in the nearest folder that exists, which name would have to appear there."""
        parent, _, name = path.rpartition(b"/")
        while parent not in self._walked and parent:
            parent, _, name = parent.rpartition(b"/")
        walked = self._walked.get(parent)
        if walked is not None and (parent, name) not in self._absent:
            self._absent.add((parent, name))
            walked.others.append(MISSING + name)
