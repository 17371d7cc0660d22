"""Defines the version of a worktree's code."""

from typing import NamedTuple

# Stands for the commit before the first commit.
UNBORN = "unborn"
# Begins the id of a version that is a part of a tree, and sets it apart from a commit.
TREE_PREFIX = "tree-"


class Version(NamedTuple):
    """The code that would run now: the HEAD commit plus the content of the worktree.

    ``id`` is the full commit id when clean, ``<commit[:32]>-dirty-<digest[:8]>`` when dirty,
    and ``unborn-dirty-<digest[:8]>`` before the first commit. For an app that is a part of the
    worktree, it has ``tree-`` and the id of that part of HEAD's tree in the place of the commit.
    ``digest`` is the SHA-256 of the content that counts, in hex. ``tree`` is the id of the tree
    that git would write for it. ``remote_url`` never contains credentials.
    """

    id: str
    commit: str | None
    branch: str | None
    dirty: bool
    digest: str
    tree: str
    remote_url: str | None
