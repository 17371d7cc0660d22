"""The conditions of includeIf in git's configuration (git-config(1), Conditional includes).

dulwich's own matchers need an open repository and compare ``gitdir:`` patterns only roughly.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial

from gitver_hooks.common.files import read_small
from gitver_hooks.gitfiles.location import Location
from gitver_hooks.gitfiles.wildmatch import matches_path

_BRANCHES = b"ref: refs/heads/"


def condition_matchers(location: Location, folder: str) -> dict[str, Callable[[str], bool]]:
    """For each kind of condition that depends on the repository, a function that decides it.

    ``folder`` contains the configuration file, to which ``gitdir:./`` is relative.
    """
    return {
        "gitdir:": partial(_is_git_dir, location, folder, ignore_case=False),
        "gitdir/i:": partial(_is_git_dir, location, folder, ignore_case=True),
        "onbranch:": partial(_is_on_branch, location),
    }


def _is_git_dir(location: Location, folder: str, pattern: str, *, ignore_case: bool) -> bool:
    if pattern.startswith("./"):
        pattern = os.path.join(os.path.realpath(folder), pattern[2:])
    pattern = os.path.expanduser(pattern)
    if not os.path.isabs(pattern):
        pattern = f"**/{pattern}"
    if pattern.endswith("/"):
        pattern += "**"
    return any(
        matches_path(os.fsencode(pattern), os.fsencode(git_dir), ignore_case=ignore_case)
        for git_dir in (os.path.realpath(location.git_dir), location.git_dir)
    )


def _is_on_branch(location: Location, pattern: str) -> bool:
    head = read_small(os.path.join(location.git_dir, "HEAD")) or b""
    if not head.startswith(_BRANCHES):
        return False
    if pattern.endswith("/"):
        pattern += "**"
    return matches_path(os.fsencode(pattern), head[len(_BRANCHES) :].strip())
