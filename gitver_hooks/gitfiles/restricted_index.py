"""The part of an index that counts for an app (standard library only)."""

from __future__ import annotations

from gitver_hooks.gitfiles.index import GITLINK_MODE, Index, mode
from gitver_hooks.gitfiles.scope import ALL, NONE, Scope


def restricted_index(index: Index, scope: Scope) -> Index:
    """What of ``index`` is in ``scope``: a copy, which may be changed.

    A directory that a sparse index folds stays folded, even if only a part of it counts.
    """
    part = Index(index.id_length)
    part.mtime_ns, part.signature = index.mtime_ns, index.signature
    if scope.is_everything:
        part.entries, part.unmerged = dict(index.entries), dict(index.unmerged)
        part.trees, part.sparse = dict(index.trees), dict(index.sparse)
        return part
    part.entries = {
        path: record
        for path, record in index.entries.items()
        if scope.counts(path, is_folder=mode(record) == GITLINK_MODE)
    }
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
