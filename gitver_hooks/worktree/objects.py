"""Reads trees and blobs as git shows them, with replacements (git-replace(1))."""

from __future__ import annotations

import os
from functools import cached_property
from typing import TYPE_CHECKING

from gitver_hooks.common.errors import GitverError
from gitver_hooks.common.files import read_small
from gitver_hooks.gitfiles.index import TREE_MODE
from gitver_hooks.gitfiles.object_contents import CommitContent, tree_entries
from gitver_hooks.gitfiles.scope import EVERYTHING, Scope
from gitver_hooks.repository.repository import Repository
from gitver_hooks.worktree.restricted_tree import RestrictedTrees
from gitver_hooks.worktree.tree import Children, Tree, hash_tree

if TYPE_CHECKING:
    from gitver_hooks.gitfiles.index import Index
    from gitver_hooks.gitfiles.object_files import RawObject
    from gitver_hooks.handover.observation import Observation

_REPLACE = b"refs/replace/"


class Objects:
    """The objects of one repository, by raw id.

    ``index`` helps in a partial clone: a tree that was never fetched may be one that it describes.
    ``scope`` says which part of HEAD's tree counts.
    """

    def __init__(self, repository: Repository, index: Index, scope: Scope = EVERYTHING) -> None:
        self._repository = repository
        self._index = index
        self._composed: dict[bytes, Children] = {}
        self._restricted = RestrictedTrees(scope, self.tree, repository.algorithm)

    @cached_property
    def replacements(self) -> dict[bytes, bytes]:
        """Replaced ids and what git shows in their place."""
        repository = self._repository
        if not may_have_replacements(repository.location.common_dir) or not (
            repository.configuration.flag((b"core",), b"useReplaceRefs", True)
        ):
            return {}
        refs = repository.dulwich.refs
        replacements = {}
        for name in refs.subkeys(_REPLACE):  # type: ignore[arg-type]
            try:
                old, new = name.decode("ascii"), refs[_REPLACE + name].decode("ascii")  # type: ignore[index]
                replacements[bytes.fromhex(old)] = bytes.fromhex(new)
            except (KeyError, ValueError):
                continue
        return replacements

    def head_tree(self) -> bytes | None:
        """The raw id of HEAD's tree as git sees it, reduced to what counts.

        If trees in it are replaced, that is a new tree with the replacements. None before the first
        commit.
        """
        commit = self._repository.head_commit()
        if commit is None:
            return None
        git_object = self._find(bytes.fromhex(commit))
        try:
            if git_object is None or git_object[0] != b"commit":
                raise ValueError(commit)
            raw_id = CommitContent(git_object[1]).tree
        except ValueError as error:
            raise GitverError(
                f"the HEAD commit {commit} cannot be read from "
                f"{self._repository.location.common_dir}",
                "run `git fsck` and repair the repository",
            ) from error
        return self.counted_tree(raw_id)

    def counted_tree(self, raw_id: bytes) -> bytes:
        """The raw id of what counts of a root tree, as git sees it."""
        return self._restricted.root(self._compose(raw_id) if self.replacements else raw_id)

    def tree(self, raw_id: bytes) -> Children:
        """The entries of a tree. Raises GitverError if it is missing, or is not a tree."""
        for trees in (self._composed, self._restricted.made):
            if raw_id in trees:
                return dict(trees[raw_id])
        git_object = self._find(raw_id)
        if git_object is None:
            children = self._from_index(raw_id)
            if children is None:
                raise self._missing("tree", raw_id)
            return children
        kind, content = git_object
        try:
            if kind != b"tree":
                raise ValueError(kind)
            entries = tree_entries(content, self._repository.id_length)
            return {name: (mode, entry_id) for name, mode, entry_id in entries}
        except ValueError as error:
            raise self._broken(f"{raw_id.hex()} is not a tree") from error

    def blob(self, raw_id: bytes) -> bytes | None:
        """The content of a blob; None if the repository does not have it."""
        blob = self._find(raw_id)
        return None if blob is None else blob[1]

    def required_blob(self, raw_id: bytes) -> bytes:
        """The content of a blob. Raises GitverError if the repository does not have it."""
        content = self.blob(raw_id)
        if content is None:
            raise self._missing("blob", raw_id)
        return content

    def _find(self, raw_id: bytes) -> RawObject | None:
        return self._repository.object(self.replacements.get(raw_id, raw_id))

    def _compose(self, raw_id: bytes) -> bytes:
        """The id of a tree after the replacements in it and below."""
        children = {
            name: (mode, self._compose(child) if mode == TREE_MODE else child)
            for name, (mode, child) in self.tree(raw_id).items()
        }
        composed = hash_tree(children, self._repository.algorithm)
        self._composed[composed] = children
        return composed

    def _from_index(self, raw_id: bytes) -> Children | None:
        if self.replacements:
            # Git caches the ids of the replaced trees, not of their replacements.
            return None
        for directory, tree_id in self._index.trees.items():
            if tree_id == raw_id:
                return Tree(self._index, {}, self._repository.algorithm).children(directory)
        return None

    def _missing(self, kind: str, raw_id: bytes) -> GitverError:
        name = raw_id.hex()
        if not self._is_partial():
            return self._broken(f"the {kind} {name} is missing")
        command = "git ls-tree -r HEAD" if kind == "tree" else f"git cat-file -e {name}"
        return GitverError(
            f"the {kind} {name} was not fetched into this partial clone",
            f"run `{command}`, which fetches it",
        )

    def _is_partial(self) -> bool:
        configuration = self._repository.configuration
        if configuration.text((b"extensions",), b"partialClone") is not None:
            return True
        return any(
            configuration.flag(section, b"promisor", False)
            for section in configuration.sections(b"remote")
        )

    def _broken(self, problem: str) -> GitverError:
        return GitverError(
            f"{problem} in {self._repository.location.common_dir}",
            "run `git fsck` and repair the repository",
        )


def may_have_replacements(common_dir: str) -> bool:
    """Whether there may be replacements in refs/replace; False costs almost nothing."""
    return (
        os.path.isdir(os.path.join(common_dir, "refs", "replace"))
        or os.path.isdir(os.path.join(common_dir, "reftable"))
        or _REPLACE in (read_small(os.path.join(common_dir, "packed-refs")) or b"")
    )


def pin_replacements(observation: Observation, common_dir: str) -> None:
    """Record the files that say what is replaced."""
    observation.pin_file(os.path.join(common_dir, "refs", "replace"))
    packed = os.path.join(common_dir, "packed-refs")
    if _REPLACE in (read_small(packed) or b""):
        observation.pin_file(packed)
