"""Keep the code of a dirty worktree without MLflow, and look at the result."""

from __future__ import annotations

import os
import subprocess

from gitver_hooks.gitfiles.location import Location, find_location
from gitver_hooks.handover.log import log_path
from gitver_hooks.keeping.capture import capture
from gitver_hooks.keeping.keep import keep_captured
from gitver_hooks.keeping.kept_refs import read_kept, ref_name
from gitver_hooks.keeping.kept_version import KeptVersion
from gitver_hooks.repository.repository import open_repository
from gitver_hooks.settings import load_settings
from gitver_hooks.version.identify import identify_worktree
from gitver_hooks.version.version import Version
from support.git import Git

MODEL_NAME = "app-git-0123abcd"


def location_of(git: Git) -> Location:
    location = find_location(str(git.path), os.environ)
    assert location is not None
    return location


def capture_version(git: Git) -> Version:
    """Identify the worktree and set its code aside, as a recording does."""
    with open_repository(git.path, os.environ) as repository:
        settings = load_settings(repository)
        identified = identify_worktree(repository, settings)
        capture(repository, identified, settings, MODEL_NAME)
        return identified.version


def keep_version(git: Git) -> Version:
    """Identify the worktree and keep its code."""
    version = capture_version(git)
    keep_captured(location_of(git), os.environ)
    return version


def kept(git: Git, version: Version) -> KeptVersion:
    with open_repository(git.path, os.environ) as repository:
        found = read_kept(repository, version.id)
    assert found is not None, logged(git)
    return found


def logged(git: Git) -> str:
    """What the log says; empty if nothing was logged."""
    try:
        with open(log_path(location_of(git)), encoding="utf-8") as file:
            return file.read()
    except FileNotFoundError:
        return ""


def kept_refs(git: Git) -> list[str]:
    return git("for-each-ref", "--format=%(refname)", "refs/gitver").split()


def assert_sound(git: Git) -> None:
    """git itself finds nothing wrong, and each kept ref leads to all of its objects."""
    checked = git.run("fsck", "--full", "--strict", "--no-dangling")
    lines = [line for line in checked.stderr.splitlines() if not line.startswith("notice: ")]
    assert (checked.stdout, lines) == ("", [])
    for name in kept_refs(git):
        git("rev-list", "--objects", "--no-object-names", name)


def files_in(git: Git, tree: str) -> dict[bytes, str]:
    """The paths of a tree with what git shows of each: mode, type and id."""
    done = subprocess.run(
        ["git", "ls-tree", "-r", "-z", tree], cwd=git.path, capture_output=True, check=True
    )
    lines = [line.partition(b"\t") for line in done.stdout.split(b"\0") if line]
    return {path: described.decode() for described, _, path in lines}


def all_objects(git: Git) -> bytes:
    """The content of every object in the repository, reachable or not."""
    done = subprocess.run(
        ["git", "cat-file", "--batch-all-objects", "--batch"],
        cwd=git.path,
        capture_output=True,
        check=True,
    )
    return done.stdout


def ref_of(version: Version) -> str:
    return ref_name(version.id)
