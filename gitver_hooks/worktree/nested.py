"""Repositories inside a worktree: where they are, and what HEAD is in those git does not know.

A repository that the index does not list as a submodule may come from anywhere, for example from an
unpacked archive. Its HEAD is read from plain files; its configuration is never read, so none of
its filters runs. For a submodule, `git status` reads the configuration and runs clean filters.
"""

from __future__ import annotations

import os

from gitver_hooks.gitfiles.location import Location, worktree_at


def location_of(full: bytes) -> Location | None:
    """The repository whose worktree is the folder ``full``, if it is one."""
    return worktree_at(os.fsdecode(full))


def unregistered_head(location: Location) -> bytes | None:
    """The raw id of HEAD in a repository whose configuration is not to be read.

    None before the first commit.
    """
    from dulwich.refs import HEADREF, DiskRefsContainer, RefsContainer

    refs: RefsContainer
    if os.path.isdir(os.path.join(location.common_dir, "reftable")):
        from dulwich.reftable import ReftableRefsContainer

        refs = ReftableRefsContainer(location.common_dir)
    else:
        refs = DiskRefsContainer(location.common_dir, location.git_dir)
    try:
        return bytes.fromhex(refs[HEADREF].decode("ascii"))
    except (KeyError, ValueError, OSError):
        return None
