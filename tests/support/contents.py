"""The content of a worktree, as identification reads it."""

from __future__ import annotations

import os

from gitver_hooks.repository.repository import open_repository
from gitver_hooks.worktree.content import Content, read_content
from support.git import Git


def content_of(git: Git, *, untracked: bool = True) -> Content:
    """The content of the repository's worktree as it is now."""
    with open_repository(git.path, os.environ) as repository:
        return read_content(repository, untracked=untracked)
