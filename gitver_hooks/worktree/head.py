"""Observes the files that say which commit HEAD is, and looks up paths in HEAD's tree."""

from __future__ import annotations

import os
from collections.abc import Callable

from gitver_hooks.common.files import read_small
from gitver_hooks.gitfiles.index import TREE_MODE
from gitver_hooks.gitfiles.levels import inherited
from gitver_hooks.gitfiles.location import Location
from gitver_hooks.gitfiles.refs import LONGEST_CHAIN, ref_path, symbolic_target
from gitver_hooks.handover.observation import Observation
from gitver_hooks.worktree.tree import Children


def pin_head(observation: Observation, location: Location) -> None:
    """Record the files that say which commit HEAD is: HEAD, the refs it leads to, packed refs."""
    path = os.path.join(location.git_dir, "HEAD")
    for _ in range(LONGEST_CHAIN):
        text = observation.contents[os.fsencode(path)] = read_small(os.fsencode(path))
        ref = symbolic_target(text)
        if ref is None:
            break
        path = ref_path(location, ref)
    if text is None:
        observation.pin_file(os.path.join(location.common_dir, "packed-refs"))
    for folder in {location.git_dir, location.common_dir}:
        table = os.fsencode(os.path.join(folder, "reftable", "tables.list"))
        observation.contents[table] = read_small(table)


class HeadTree:
    """Lookups by path in HEAD's tree; directories are read when they are first needed."""

    def __init__(self, tree: bytes | None, read_tree: Callable[[bytes], Children]) -> None:
        self._tree = tree
        self._read_tree = read_tree
        self._ids: dict[bytes, bytes | None] = {}
        self._children: dict[bytes, Children] = {}

    def entry(self, path: bytes) -> tuple[int, bytes] | None:
        """The mode and raw id of ``path``; None if HEAD does not contain it."""
        directory, _, name = path.rpartition(b"/")
        return self._entry(self.tree_id(directory), name)

    def tree_id(self, directory: bytes) -> bytes | None:
        """The raw id of the tree of ``directory``; None if HEAD does not contain it."""
        return inherited(directory, self._ids, self._tree, self._subtree)

    def _subtree(self, directory: bytes, above: bytes | None) -> bytes | None:
        if not directory:
            return above
        entry = self._entry(above, directory.rpartition(b"/")[2])
        return entry[1] if entry is not None and entry[0] == TREE_MODE else None

    def _entry(self, tree: bytes | None, name: bytes) -> tuple[int, bytes] | None:
        if tree is None:
            return None
        if tree not in self._children:
            self._children[tree] = self._read_tree(tree)
        return self._children[tree].get(name)
