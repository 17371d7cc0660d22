"""Applies the changes of a version to HEAD's tree."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from gitver_hooks.gitfiles.index import TREE_MODE
from gitver_hooks.worktree.tree import Children, hash_tree, tree_body

# By path: the mode and the raw id of the object, or None if the path is removed.
Changes = Mapping[bytes, "tuple[int, bytes] | None"]


class ChangedTree:
    """The tree with the raw id ``base`` (None: an empty one) after ``changes``.

    ``id`` is its raw id, and ``bodies`` maps the raw ids of the trees in it that differ from those
    of ``base`` to what git stores for them, each after the trees that it contains. ``read_tree``
    returns the entries of a tree, and raises an error for one that does not exist.
    """

    def __init__(
        self,
        base: bytes | None,
        changes: Changes,
        read_tree: Callable[[bytes], Children],
        algorithm: str,
    ) -> None:
        self._read_tree = read_tree
        self._algorithm = algorithm
        self.bodies: dict[bytes, bytes] = {}
        children = self._children(base, changes)
        self.id = hash_tree(children, algorithm)
        if self.id != base:
            self.bodies[self.id] = tree_body(children)

    def _children(self, base: bytes | None, changes: Changes) -> Children:
        children = {} if base is None else dict(self._read_tree(base))
        own_changes: dict[bytes, tuple[int, bytes] | None] = {}
        changes_below: dict[bytes, dict[bytes, tuple[int, bytes] | None]] = {}
        for path, entry in changes.items():
            name, slash, inner_path = path.partition(b"/")
            if slash:
                changes_below.setdefault(name, {})[inner_path] = entry
            else:
                own_changes[name] = entry
        for name, inner in changes_below.items():
            self._change_directory(children, name, inner)
        for name, entry in own_changes.items():
            if entry is not None:
                children[name] = entry
            elif children.get(name, (0, b""))[0] != TREE_MODE:
                # A directory of that name has replaced the file.
                children.pop(name, None)
        return children

    def _change_directory(self, children: Children, name: bytes, changes: Changes) -> None:
        old = children.get(name)
        base = old[1] if old is not None and old[0] == TREE_MODE else None
        inner = self._children(base, changes)
        if inner:
            tree = hash_tree(inner, self._algorithm)
            children[name] = (TREE_MODE, tree)
            if tree != base:
                self.bodies[tree] = tree_body(inner)
        elif base is not None:
            del children[name]
