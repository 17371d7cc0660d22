"""The tree that git would write: the index with the changes of the worktree over it."""

from __future__ import annotations

import hashlib
from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from gitver_hooks.gitfiles.index import TREE_MODE, Index, mode


class Entry(NamedTuple):
    """What a tree holds under a name: a mode as git writes it, and the id in hex."""

    mode: int
    id: bytes


@dataclass(frozen=True)
class Change:
    """A path that differs between HEAD's tree and the worktree; None where it does not exist."""

    path: bytes
    old: Entry | None
    new: Entry | None


# What one directory holds: names to (mode, raw id); subdirectories are there with TREE_MODE.
Children = dict[bytes, tuple[int, bytes]]


class Tree:
    """The tree of a worktree. ``id`` is its raw id.

    ``changes`` maps paths to what differs from the index: (mode, raw id), or None where there is
    nothing any more. Directories that the index knows the tree of, and that hold no change, are not
    looked into.
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
        """What ``directory`` holds; nothing where it does not exist."""
        built = self._built.get(directory)
        return self._listed(directory) if built is None else built

    def is_folded(self, directory: bytes) -> bool:
        """Whether a sparse index knows ``directory`` only by the id of its tree."""
        return directory in self._index.sparse and directory not in self._built

    def _build(self) -> bytes:
        overrides: dict[bytes, dict[bytes, tuple[int, bytes] | None]] = {}
        for path, new in self._changes.items():
            parent, _, name = path.rpartition(b"/")
            overrides.setdefault(parent, {})[name] = new
        open_directories = self._unknown() | _with_parents(overrides)
        open_directories.add(b"")
        empty = _hash_tree({}, self._algorithm)
        root = empty
        # A directory's path is longer than its parent's: the deepest come first.
        for directory in sorted(open_directories, key=len, reverse=True):
            children = self._listed(directory)
            for name, new in overrides.get(directory, {}).items():
                if new is None:
                    children.pop(name, None)
                else:
                    children[name] = new
            self._built[directory] = children
            tree = _hash_tree(children, self._algorithm)
            if not directory:
                root = tree
                continue
            parent, _, name = directory.rpartition(b"/")
            siblings = overrides.setdefault(parent, {})
            if children:
                siblings[name] = (TREE_MODE, tree)
            else:
                # A file may have taken the directory's place.
                siblings.setdefault(name, None)
        return root

    def _unknown(self) -> set[bytes]:
        """The directories of the index whose tree it does not know."""
        known = self._index.trees
        if b"" in known:
            return set()
        directories = {path.rpartition(b"/")[0] for path in self._paths}
        return {path for path in _with_parents(directories) if path not in known}

    def _listed(self, directory: bytes) -> Children:
        """What the index holds in ``directory``; a folder whose tree is unknown has the id b""."""
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


def _with_parents(directories: Mapping[bytes, object] | set[bytes]) -> set[bytes]:
    found: set[bytes] = set()
    for directory in directories:
        while directory not in found:
            found.add(directory)
            directory = directory.rpartition(b"/")[0]
    return found


def _hash_tree(children: Children, algorithm: str) -> bytes:
    def order(item: tuple[bytes, tuple[int, bytes]]) -> bytes:
        return item[0] + b"/" if item[1][0] == TREE_MODE else item[0]

    body = b"".join(
        b"%o %b\0%b" % (entry[0], name, entry[1])
        for name, entry in sorted(children.items(), key=order)
    )
    return hashlib.new(algorithm, b"tree %d\0%b" % (len(body), body)).digest()


def differences(
    tree: Tree, head: bytes | None, read_tree: Callable[[bytes], Children]
) -> Iterator[Change]:
    """What differs between HEAD's tree, of the raw id ``head``, and ``tree``; not sorted.

    ``read_tree`` gives what the tree of a raw id holds. Directories of the same id are not read.
    """
    # (directory, raw id on the old side, raw id on the new side, whether a sparse index folds it)
    pending: list[tuple[bytes, bytes | None, bytes | None, bool]] = [(b"", head, tree.id, False)]
    while pending:
        directory, old_id, new_id, folded = pending.pop()
        old = read_tree(old_id) if old_id is not None else {}
        if new_id is None:
            new = {}
        else:
            new = read_tree(new_id) if folded else tree.children(directory)
        prefix = directory + b"/" if directory else b""
        for name in old.keys() | new.keys():
            before, after = old.get(name), new.get(name)
            if before == after:
                continue
            path = prefix + name
            old_tree = before is not None and before[0] == TREE_MODE
            new_tree = after is not None and after[0] == TREE_MODE
            if old_tree or new_tree:
                old_below = before[1] if before is not None and old_tree else None
                new_below = after[1] if after is not None and new_tree else None
                pending.append((path, old_below, new_below, folded or tree.is_folded(path)))
            old_entry = None if old_tree else _entry(before)
            new_entry = None if new_tree else _entry(after)
            if old_entry is not None or new_entry is not None:
                yield Change(path, old_entry, new_entry)


def _entry(found: tuple[int, bytes] | None) -> Entry | None:
    return None if found is None else Entry(found[0], found[1].hex().encode("ascii"))
