"""Repositories inside a worktree: where they are, and what HEAD is in those git does not know.

A repository that the index does not list as a submodule may come from anywhere, for example from an
unpacked archive. Its HEAD is read from plain files; its configuration is never read, so none of
its filters runs. For a submodule, `git status` reads the configuration and runs clean filters.
"""

from __future__ import annotations

import os

from gitver_hooks.common.files import read_small
from gitver_hooks.gitfiles.location import Location, worktree_at
from gitver_hooks.worktree.head import LONGEST_CHAIN


def location_of(full: bytes) -> Location | None:
    """The repository whose worktree is the folder ``full``, if it is one."""
    return worktree_at(os.fsdecode(full))


def unregistered_head(location: Location) -> bytes | None:
    """The raw id of HEAD in a repository whose configuration is not to be read.

    None before the first commit. Only plain files are read, so a pipe in the place of one cannot
    block anything.
    """
    if os.path.isdir(os.path.join(location.common_dir, "reftable")):
        return _head_in_reftable(location)
    text = read_small(os.path.join(location.git_dir, "HEAD"))
    for _ in range(LONGEST_CHAIN):
        if text is None or not text.startswith(b"ref:"):
            break
        name = text[4:].strip()
        if not name.startswith(b"refs/") or b".." in name:
            return None
        text = read_small(os.path.join(os.fsencode(location.common_dir), name))
        if text is None:
            text = _packed(location, name)
    return _raw_id(text)


def _packed(location: Location, ref: bytes) -> bytes | None:
    for line in (read_small(os.path.join(location.common_dir, "packed-refs")) or b"").splitlines():
        object_id, _, name = line.partition(b" ")
        if name == ref:
            return object_id
    return None


def _head_in_reftable(location: Location) -> bytes | None:
    from dulwich.refs import HEADREF
    from dulwich.reftable import ReftableRefsContainer

    try:
        return _raw_id(ReftableRefsContainer(location.common_dir)[HEADREF])
    except (KeyError, ValueError, OSError):
        return None


def _raw_id(text: bytes | None) -> bytes | None:
    try:
        return bytes.fromhex(text.decode("ascii")) if text else None
    except ValueError:
        return None
