"""Compares files of a worktree with the index, reading as few of them as possible."""

from __future__ import annotations

import os
import stat
from typing import NamedTuple

from gitver_hooks.gitfiles import index as index_file
from gitver_hooks.gitfiles.index import INTENT_TO_ADD, LINK_MODE, Index
from gitver_hooks.handover.observation import Directory, Observation
from gitver_hooks.worktree.blob import Blobs, FileChanged, unreadable

_FIRST_32 = 0xFFFFFFFF
_BILLION = 1_000_000_000


class Findings:
    """The result of a walk. Paths are relative to the worktree's root.

    ``changes``: what differs from the index, as (mode, raw id), or None for what is gone.
    ``trusted``: tracked files that were not read because their stat data equals the index's.
    ``nested``: folders with a repository of their own. ``attributes``: folders with a
    .gitattributes; ``ignore_files``: folders with a .gitignore, on disk or in the index.
    ``changed_meanwhile``: something changed during the walk.
    """

    def __init__(self) -> None:
        self.changes: dict[bytes, tuple[int, bytes] | None] = {}
        self.trusted: list[bytes] = []
        self.nested: list[bytes] = []
        self.attributes: list[bytes] = []
        self.ignore_files: set[bytes] = set()
        self.changed_meanwhile = False


class FileModes(NamedTuple):
    """The modes that the filesystem can store: core.fileMode and core.symlinks."""

    executable: bool = True
    symlinks: bool = True

    def of(self, st_mode: int, record: bytes | None) -> int:
        """The mode git stores (ce_mode_from_stat() in read-cache.h)."""
        if stat.S_ISLNK(st_mode):
            return LINK_MODE
        indexed_mode = 0 if record is None else index_file.mode(record)
        if not self.symlinks and indexed_mode == LINK_MODE:
            return LINK_MODE
        if not self.executable:
            return indexed_mode if stat.S_ISREG(indexed_mode) else 0o100644
        return 0o100755 if st_mode & stat.S_IXUSR else 0o100644


class FileCheck:
    """Compares files of the worktree at ``root`` with the index, and adds to the findings."""

    def __init__(
        self,
        root: bytes,
        index: Index,
        blobs: Blobs,
        modes: FileModes,
        observation: Observation,
        findings: Findings,
    ) -> None:
        self._root = root
        self._index = index
        self._blobs = blobs
        self._modes = modes
        self._observation = observation
        self._findings = findings
        self._flags_at = index.flags_at

    def check_tracked(self, entry: os.DirEntry[bytes], path: bytes, recorded: Directory) -> None:
        """Check a file that the index has at ``path``.

        Its stat data is trusted as git 2.39 trusts it (ie_match_stat() in read-cache.c): only if it
        is older than the index, else an edit in the same tick of the clock would go unnoticed
        (Documentation/technical/racy-git.txt).
        """
        record = self._index.entries[path]
        try:
            status = entry.stat(follow_symlinks=False)
        except OSError as error:
            self._missing(entry.path, error)
            return
        self._observation.file(recorded, entry.name, status)
        c_s, c_ns, m_s, m_ns, inode, mode, size = index_file.stat_data(record)
        index_ns = self._index.mtime_ns
        if (
            status.st_mtime_ns == m_s * _BILLION + m_ns < index_ns
            and status.st_ctime_ns == c_s * _BILLION + c_ns < index_ns
            and status.st_size & _FIRST_32 == size
            and status.st_ino & _FIRST_32 == inode
            and mode == self._modes.of(status.st_mode, record)
            and not (record[self._flags_at] & 0x40 and self._is_intent(record))
        ):
            self._findings.trusted.append(path)
        else:
            self._compare(entry.path, path, status.st_mode, record)

    def check_unmerged(self, entry: os.DirEntry[bytes], path: bytes, recorded: Directory) -> None:
        """Check a file that the index has in several versions."""
        stages = self._index.unmerged[path]
        self._check_by_content(entry, path, recorded, stages.get(2) or next(iter(stages.values())))

    def check_untracked(self, entry: os.DirEntry[bytes], path: bytes, recorded: Directory) -> None:
        """Check a file that the index does not have."""
        self._check_by_content(entry, path, recorded, None)

    def read_trusted(self, paths: list[bytes]) -> None:
        """Check tracked files by their content, although their stat data was trusted."""
        for path in paths:
            full = self._root + b"/" + path
            try:
                status = os.lstat(full)
            except OSError as error:
                self._missing(full, error)
                continue
            self._compare(full, path, status.st_mode, self._index.entries[path])

    def _check_by_content(
        self, entry: os.DirEntry[bytes], path: bytes, recorded: Directory, record: bytes | None
    ) -> None:
        try:
            status = entry.stat(follow_symlinks=False)
        except OSError as error:
            if record is not None or not isinstance(error, PermissionError):
                self._missing(entry.path, error)
            return
        self._observation.file(recorded, entry.name, status)
        self._compare(entry.path, path, status.st_mode, record)

    def _compare(self, full: bytes, path: bytes, st_mode: int, record: bytes | None) -> None:
        try:
            new = (self._modes.of(st_mode, record), self._blobs.id(path, full, st_mode))
        except (FileChanged, FileNotFoundError):
            self._findings.changed_meanwhile = True
            return
        except OSError as error:
            # An unreadable untracked file is no part of what can run; a tracked one has to be read.
            if record is not None:
                raise unreadable(full, error) from error
            return
        staged = self._index.entries.get(path)
        if (
            staged is None
            or new != (index_file.mode(staged), self._index.id(staged))
            or self._is_intent(staged)
        ):
            self._findings.changes[path] = new

    def _is_intent(self, record: bytes) -> bool:
        return bool(self._index.flags(record)[1] & INTENT_TO_ADD)

    def _missing(self, full: bytes, error: OSError) -> None:
        if not isinstance(error, FileNotFoundError):
            raise unreadable(full, error) from error
        self._findings.changed_meanwhile = True
