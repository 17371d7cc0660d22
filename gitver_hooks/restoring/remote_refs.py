"""Fetches kept versions from a remote, through git with the user's own credentials."""

from __future__ import annotations

import os

from gitver_hooks.common.errors import GitverError
from gitver_hooks.keeping.kept_refs import ref_name
from gitver_hooks.repository.git_command import git_in, last_line
from gitver_hooks.repository.repository import Repository

_FETCH = ("fetch", "--quiet", "--no-tags", "--no-recurse-submodules", "--no-write-fetch-head")


def has_remote(repository: Repository, remote: str) -> bool:
    """Whether the user's configuration of git defines ``remote``.

    The setting may come from a checked-out tree: a URL, a path or an option in its place, which git
    would take as well, must not count.
    """
    section = (b"remote", os.fsencode(remote))
    return not remote.startswith("-") and repository.configuration.text(section, b"url") is not None


def fetch_kept(repository: Repository, remote: str, version: str) -> None:
    """Fetch what ``remote`` keeps of ``version``. Raises GitverError if it keeps nothing."""
    if not has_remote(repository, remote):
        raise GitverError(f"there is no remote {remote!r}", "set `remote`, or add one")
    ref = ref_name(version)
    git = git_in(repository)
    completed = git.attempt(*_FETCH, "--", remote, f"+{ref}:{ref}")
    if completed.returncode:
        reason = last_line(completed.stderr)
        if "find remote ref" in reason:
            reason = "it was not pushed there"
        raise GitverError(f"{remote} does not have it: {reason}")


def forget_fetched(repository: Repository, version: str) -> None:
    """Delete the ref that ``fetch_kept`` wrote, if it turned out to hold something else."""
    git_in(repository).run("update-ref", "-d", ref_name(version))
