"""Finds repositories inside a worktree, and reads HEAD of those that are no submodules.

A repository that the index does not list as a submodule may come from anywhere, for example from an
unpacked archive. Its HEAD is read from plain files; its configuration is never read, so none of
its filters runs. For a submodule, `git status` reads the configuration and runs clean filters.
"""

from __future__ import annotations

import os

from gitver_hooks.gitfiles.location import Location, worktree_at
from gitver_hooks.gitfiles.refs import read_head, uses_reftables


def location_of(full: bytes) -> Location | None:
    """The repository whose worktree is the folder ``full``, if it is one."""
    return worktree_at(os.fsdecode(full))


def unregistered_head(location: Location) -> bytes | None:
    """The raw id of HEAD in a repository whose configuration is not to be read.

    None before the first commit. Only plain files are read, so a pipe in the place of one cannot
    block anything.
    """
    if uses_reftables(location):
        return _head_in_reftable(location)
    try:
        return read_head(location).id
    except ValueError:
        return None


def _head_in_reftable(location: Location) -> bytes | None:
    from dulwich.refs import HEADREF
    from dulwich.reftable import ReftableRefsContainer

    try:
        head = ReftableRefsContainer(location.common_dir)[HEADREF]
        return bytes.fromhex(head.decode("ascii"))
    except (KeyError, ValueError, OSError):
        return None
