"""Version: identifies the code of a worktree."""

from typing import NamedTuple

# Stands for the commit before there is one.
UNBORN = "unborn"


class Version(NamedTuple):
    """The code that would run now: the HEAD commit plus the content of the worktree.

    ``id`` is the full commit id when clean, ``<commit[:32]>-dirty-<digest[:8]>`` when dirty,
    and ``unborn-dirty-<digest[:8]>`` before the first commit. ``digest`` is the SHA-256 of the
    content, in hex. ``tree`` is the id of the tree that git would write for the content.
    ``remote_url`` never contains credentials.
    """

    id: str
    commit: str | None
    branch: str | None
    dirty: bool
    digest: str
    tree: str
    remote_url: str | None
