"""Evaluates the conditions of includeIf (git-config(1), Conditional includes)."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

from gitver_hooks.common.files import read_small
from gitver_hooks.gitfiles.location import Location
from gitver_hooks.gitfiles.protected_config import expand_user
from gitver_hooks.gitfiles.wildmatch import matches_path

_BRANCHES = b"ref: refs/heads/"
_HAS_REMOTE = "hasconfig:remote.*.url:"


def condition_holds(
    location: Location,
    environment: Mapping[str, str],
    folder: str,
    condition: str,
    remote_urls: Sequence[str],
) -> bool:
    """Whether a condition such as ``onbranch:main`` holds; an unknown kind never does.

    ``folder`` contains the configuration file, to which ``gitdir:./`` is relative.
    """
    kind, _, pattern = condition.partition(":")
    if kind in ("gitdir", "gitdir/i"):
        pattern = _git_dir_pattern(pattern, folder, environment)
        return _is_git_dir(location, pattern, ignore_case=kind == "gitdir/i")
    if kind == "onbranch":
        return _is_on_branch(location, pattern)
    if condition.startswith(_HAS_REMOTE):
        wanted = os.fsencode(condition.removeprefix(_HAS_REMOTE))
        return any(matches_path(wanted, os.fsencode(url)) for url in remote_urls)
    return False


def _git_dir_pattern(pattern: str, folder: str, environment: Mapping[str, str]) -> str:
    if pattern.startswith("./"):
        pattern = os.path.join(os.path.realpath(folder), pattern[2:])
    pattern = expand_user(pattern, environment)
    if not os.path.isabs(pattern):
        pattern = f"**/{pattern}"
    return f"{pattern}**" if pattern.endswith("/") else pattern


def _is_git_dir(location: Location, pattern: str, *, ignore_case: bool) -> bool:
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
