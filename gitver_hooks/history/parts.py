"""Finds the part of each commit's tree that is the version of an app in the repository."""

from __future__ import annotations

from collections.abc import Sequence

from gitver_hooks.common.errors import GitverError
from gitver_hooks.gitfiles.index import Index
from gitver_hooks.gitfiles.object_contents import CommitContent
from gitver_hooks.gitfiles.scope import Scope
from gitver_hooks.repository.repository import Repository
from gitver_hooks.worktree.objects import Objects


class Parts:
    """Finds the part of a commit's tree that is in ``scope``; known directories are read once."""

    def __init__(self, repository: Repository, scope: Scope) -> None:
        self._repository = repository
        self._objects = Objects(repository, Index(repository.id_length), scope)

    def tree(self, commit: str) -> str | None:
        """The id of the part of the commit's tree; None if this clone lacks some of it."""
        git_object = self._repository.object(bytes.fromhex(commit))
        try:
            if git_object is None or git_object[0] != b"commit":
                return None
            return self._objects.counted_tree(CommitContent(git_object[1]).tree).hex()
        except (ValueError, GitverError):
            return None

    def trees(self, commits: Sequence[str]) -> dict[str, str]:
        """The ids of the parts, by commit."""
        return {commit: tree for commit in commits if (tree := self.tree(commit)) is not None}
