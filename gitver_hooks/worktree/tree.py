"""Computes the tree that git would write: the index with the changes in the worktree applied."""

from __future__ import annotations

import hashlib
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple

from gitver_hooks.gitfiles.index import TREE_MODE, Index, mode


class Entry(NamedTuple):
    """One side of a change: the mode, as git writes it, and the id in hex."""

    mode: int
    id: bytes


class Change(NamedTuple):
    """A path that differs between HEAD's tree and the worktree; None: it does not exist there."""

    path: bytes
    old: Entry | None
    new: Entry | None


# The entries of a directory: names to (mode, raw id). Subdirectories have TREE_MODE.
Children = dict[bytes, tuple[int, bytes]]


class Tree:
    """The tree of a worktree. ``id`` is its raw id.

    ``changes`` maps paths that differ from the index to (mode, raw id), or to None if they no
    longer exist. Directories without a change whose tree the index knows are not read.
    """

    def __init__(
        self, index: Index, changes: Mapping[bytes, tuple[int, bytes] | None], algorithm: str
    ) -> None:
        self._index = index
        self._algorithm = algorithm
        self._paths = sorted([*index.entries, *index.sparse])
        self._changes = changes
        self._built: dict[bytes, Children] = {}
        self.id = self._build()

    def children(self, directory: bytes) -> Children:
        """The entries of ``directory``; none if it does not exist."""
        built = self._built.get(directory)
        return self._listed(directory) if built is None else built

    def is_folded(self, directory: bytes) -> bool:
        """Whether a sparse index has ``directory`` only as the id of its tree."""
        return directory in self._index.sparse and directory not in self._built

    def _build(self) -> bytes:
        overrides: dict[bytes, dict[bytes, tuple[int, bytes] | None]] = {}
        for path, new in self._changes.items():
            parent, _, name = path.rpartition(b"/")
            overrides.setdefault(parent, {})[name] = new
        directories = self._without_cached_tree() | with_parents(overrides)
        directories.discard(b"")
        # A directory's path is longer than its parent's, so the deepest come first.
        for directory in sorted(directories, key=len, reverse=True):
            children = self._children_with(directory, overrides.get(directory, {}))
            parent, _, name = directory.rpartition(b"/")
            siblings = overrides.setdefault(parent, {})
            if children:
                siblings[name] = (TREE_MODE, hash_tree(children, self._algorithm))
            else:
                # A file may have replaced the directory.
                siblings.setdefault(name, None)
        return hash_tree(self._children_with(b"", overrides.get(b"", {})), self._algorithm)

    def _children_with(
        self, directory: bytes, overrides: Mapping[bytes, tuple[int, bytes] | None]
    ) -> Children:
        children = self._listed(directory)
        for name, new in overrides.items():
            if new is None:
                children.pop(name, None)
            else:
                children[name] = new
        self._built[directory] = children
        return children

    def _without_cached_tree(self) -> set[bytes]:
        """The directories whose tree the index does not have."""
        cached_trees = self._index.trees
        if b"" in cached_trees:
            return set()
        directories = {path.rpartition(b"/")[0] for path in self._paths}
        return {path for path in with_parents(directories) if path not in cached_trees}

    def _listed(self, directory: bytes) -> Children:
        """The index's entries of ``directory``; b"" is the id of an unknown tree."""
        prefix = directory + b"/" if directory else b""
        skip = len(prefix)
        paths, index = self._paths, self._index
        children: Children = {}
        at = bisect_left(paths, prefix)
        while at < len(paths) and paths[at].startswith(prefix):
            path = paths[at]
            slash = path.find(b"/", skip)
            if slash >= 0:
                below = path[:slash]
                children[below[skip:]] = (TREE_MODE, index.trees.get(below, b""))
                # "0" comes right after "/".
                at = bisect_left(paths, below + b"0", at)
            elif path in index.sparse:
                children[path[skip:]] = (TREE_MODE, index.sparse[path])
                at += 1
            else:
                record = index.entries[path]
                children[path[skip:]] = (mode(record), index.id(record))
                at += 1
        return children


def tracked_directories(index: Index) -> set[bytes]:
    """All directories with tracked files, and the root."""
    directories = {b""}
    for paths in (index.entries, index.unmerged):
        directories |= with_parents({path.rpartition(b"/")[0] for path in paths})
    return directories


def with_parents(directories: Iterable[bytes]) -> set[bytes]:
    """The directories, and all above them."""
    all_directories: set[bytes] = set()
    for directory in directories:
        while directory not in all_directories:
            all_directories.add(directory)
            directory = directory.rpartition(b"/")[0]
    return all_directories


def hash_tree(children: Children, algorithm: str) -> bytes:
    """The raw id of a tree with these entries."""
    body = tree_body(children)
    return hashlib.new(algorithm, b"tree %d\0%b" % (len(body), body)).digest()


def tree_body(children: Children) -> bytes:
    """The content of a tree object with these entries, in git's order."""

    def order(item: tuple[bytes, tuple[int, bytes]]) -> bytes:
        return item[0] + b"/" if item[1][0] == TREE_MODE else item[0]

    return b"".join(
        b"%o %b\0%b" % (entry[0], name, entry[1])
        for name, entry in sorted(children.items(), key=order)
    )


class _Pair(NamedTuple):
    """A directory on both sides: the raw ids of its trees, None if it does not exist there.

    ``folded``: a sparse index has the directory, or one above it, only as the id of a tree.
    """

    directory: bytes
    old: bytes | None
    new: bytes | None
    folded: bool


def differences(
    tree: Tree, head: bytes | None, read_tree: Callable[[bytes], Children]
) -> Iterator[Change]:
    """The differences between HEAD's tree, whose raw id is ``head``, and ``tree``; not sorted.

    ``read_tree`` returns the entries of a tree by raw id. Directories with equal ids are not read.
    """
    pending = [_Pair(b"", head, tree.id, False)]
    while pending:
        pair = pending.pop()
        for path, old_entry, new_entry in _differing(pair, tree, read_tree):
            old_below, new_below = _subtree(old_entry), _subtree(new_entry)
            if old_below is not None or new_below is not None:
                folded = pair.folded or tree.is_folded(path)
                pending.append(_Pair(path, old_below, new_below, folded))
            change = Change(path, _entry(old_entry), _entry(new_entry))
            if change.old is not None or change.new is not None:
                yield change


def _differing(
    pair: _Pair, tree: Tree, read_tree: Callable[[bytes], Children]
) -> Iterator[tuple[bytes, tuple[int, bytes] | None, tuple[int, bytes] | None]]:
    """The paths in a directory whose two sides differ, with both entries."""
    old = read_tree(pair.old) if pair.old is not None else {}
    new: Children = {}
    if pair.new is not None:
        new = read_tree(pair.new) if pair.folded else tree.children(pair.directory)
    prefix = pair.directory + b"/" if pair.directory else b""
    for name in old.keys() | new.keys():
        if old.get(name) != new.get(name):
            yield prefix + name, old.get(name), new.get(name)


def _subtree(entry: tuple[int, bytes] | None) -> bytes | None:
    return entry[1] if entry is not None and entry[0] == TREE_MODE else None


def _entry(entry: tuple[int, bytes] | None) -> Entry | None:
    if entry is None or entry[0] == TREE_MODE:
        return None
    return Entry(entry[0], entry[1].hex().encode("ascii"))
