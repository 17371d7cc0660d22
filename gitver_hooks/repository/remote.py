"""Finds the remote's URL without credentials, the repository's name and the main worktree."""

from __future__ import annotations

import os

from gitver_hooks.common.uris import remote_without_credentials
from gitver_hooks.repository.configuration import read_format_configuration
from gitver_hooks.repository.repository import Repository


def remote_url(repository: Repository, remote: str) -> str | None:
    """The URL of the remote, without credentials, or None if it does not exist."""
    value = repository.configuration.text((b"remote", os.fsencode(remote)), b"url")
    if value is None:
        return None
    return remote_without_credentials(value.decode("utf-8", "backslashreplace")) or None


def repository_name(url: str) -> str | None:
    """``shop`` for ``https://example.com/team/shop.git`` and ``git@example.com:team/shop``."""
    if "://" in url:
        path = url.partition("://")[2].partition("/")[2]
    else:
        path = url.split(":")[-1]
    return path.rstrip("/").rpartition("/")[2].removesuffix(".git") or None


def main_worktree(repository: Repository) -> str:
    """The root of the main worktree, or of this one if the repository is bare."""
    location = repository.location
    if location.git_dir == location.common_dir:
        return location.worktree
    folder, name = os.path.split(location.common_dir)
    if name == ".git":
        return folder
    # The common dir of a submodule: its configuration says where the worktree is.
    worktree = read_format_configuration(location).text((b"core",), b"worktree")
    if worktree is None:
        return location.worktree
    return os.path.normpath(os.path.join(location.common_dir, os.fsdecode(worktree)))
