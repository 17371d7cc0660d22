"""Reduces an index to the part that counts for an app (standard library only)."""

from __future__ import annotations

from gitver_hooks.gitfiles.index import GITLINK_MODE, Index, mode
from gitver_hooks.gitfiles.scope import ALL, NONE, SOME, Scope


def restricted_index(index: Index, scope: Scope) -> Index:
    """A copy of ``index`` with only the entries in ``scope``; the caller may change it.

    A directory that a sparse index folds stays folded, even if only a part of it counts.
    """
    part = Index(index.id_length)
    part.mtime_ns, part.signature = index.mtime_ns, index.signature
    if scope.is_everything:
        part.entries, part.unmerged = dict(index.entries), dict(index.unmerged)
        part.trees, part.sparse = dict(index.trees), dict(index.sparse)
        return part
    part.entries = _counted(index.entries, scope)
    part.unmerged = {
        path: stages
        for path, stages in index.unmerged.items()
        if scope.counts(path, is_folder=GITLINK_MODE in map(mode, stages.values()))
    }
    part.trees = {path: tree for path, tree in index.trees.items() if scope.of_folder(path) == ALL}
    part.sparse = {
        path: tree for path, tree in index.sparse.items() if scope.of_folder(path) != NONE
    }
    return part


def _counted(entries: dict[bytes, bytes], scope: Scope) -> dict[bytes, bytes]:
    counted: dict[bytes, bytes] = {}
    # Most entries are in the same folder as the previous one.
    previous, part = b"", scope.of_folder(b"")
    for path, record in entries.items():
        folder = path.rpartition(b"/")[0]
        if folder != previous:
            previous, part = folder, scope.of_folder(folder)
        if part == ALL or (
            part == SOME and scope.counts(path, is_folder=mode(record) == GITLINK_MODE)
        ):
            counted[path] = record
    return counted
