"""Reduces trees to the part that counts for an app."""

from __future__ import annotations

from collections.abc import Callable

from gitver_hooks.gitfiles.index import GITLINK_MODE, SKIP_WORKTREE, TREE_MODE, Index
from gitver_hooks.gitfiles.scope import ALL, NONE, SOME, Scope
from gitver_hooks.worktree.tree import Children, hash_tree


class RestrictedTrees:
    """Makes trees that contain only what is in ``scope``.

    ``read_tree`` returns the entries of a tree by raw id. ``made`` maps the raw ids of the new
    trees to their entries. A directory of which everything counts is not read.
    """

    def __init__(
        self, scope: Scope, read_tree: Callable[[bytes], Children], algorithm: str
    ) -> None:
        self._scope = scope
        self._read_tree = read_tree
        self._algorithm = algorithm
        self.made: dict[bytes, Children] = {}
        # The same directory is the same in most commits of a history.
        self._known: dict[tuple[bytes, bytes], bytes | None] = {}

    def root(self, raw_id: bytes) -> bytes:
        """The raw id of the part of the root tree ``raw_id`` that counts."""
        return self._restricted(b"", raw_id) or self._remember({})

    def children(self, directory: bytes, raw_id: bytes) -> Children:
        """The entries of the tree ``raw_id`` of ``directory`` that count."""
        prefix = directory + b"/" if directory else b""
        children: Children = {}
        for name, (mode, child) in self._read_tree(raw_id).items():
            path = prefix + name
            if mode != TREE_MODE:
                if self._scope.counts(path, is_folder=mode == GITLINK_MODE):
                    children[name] = (mode, child)
            elif (below := self._restricted(path, child)) is not None:
                children[name] = (mode, below)
        return children

    def _restricted(self, directory: bytes, raw_id: bytes) -> bytes | None:
        """The raw id of the part of a directory that counts; None if nothing does."""
        part = self._scope.of_folder(directory)
        if part != SOME:
            return raw_id if part == ALL else None
        key = (directory, raw_id)
        if key not in self._known:
            children = self.children(directory, raw_id)
            self._known[key] = self._remember(children) if children else None
        return self._known[key]

    def _remember(self, children: Children) -> bytes:
        made = hash_tree(children, self._algorithm)
        self.made[made] = children
        return made


def unfold_partly(index: Index, scope: Scope, read_tree: Callable[[bytes], Children]) -> None:
    """Unfold those directories of a sparse index of which only a part counts."""
    pending = [folder for folder in index.sparse if scope.of_folder(folder) == SOME]
    while pending:
        folder = pending.pop()
        for name, (mode, child) in read_tree(index.sparse.pop(folder)).items():
            path = folder + b"/" + name
            if mode != TREE_MODE:
                if scope.counts(path, is_folder=mode == GITLINK_MODE):
                    index.entries[path] = index.record(mode, child, SKIP_WORKTREE)
            elif scope.of_folder(path) != NONE:
                index.sparse[path] = child
                if scope.of_folder(path) == SOME:
                    pending.append(path)
