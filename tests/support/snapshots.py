"""Snapshots of a worktree: saved, compared with the worktree, and read."""

from __future__ import annotations

import os
import time
from pathlib import Path

from gitver_hooks.handover import freshness
from gitver_hooks.repository.repository import open_repository
from gitver_hooks.worktree.content import read_content
from support.git import Git
from support.locations import location_of


def remember(git: Git, *, untracked: bool = True) -> str:
    """Read the worktree, save the snapshot, and return its version id."""
    worktree = location_of(git.path)
    with open_repository(worktree, os.environ) as repository:
        content = read_content(repository, untracked=untracked)
    version = f"{content.commit}-{content.digest}"
    assert freshness.save(worktree, content.observation, version)
    return version


def fresh(git: Git) -> str | None:
    return freshness.fresh_version(location_of(git.path))


def snapshot_of(git: Git) -> bytes:
    return Path(location_of(git.path).state_dir, freshness.SNAPSHOT).read_bytes()


def settle() -> None:
    """Let the filesystem's clock tick."""
    time.sleep(0.02)
