"""Kept versions made up for tests: tags of trees under ``refs/gitver/``."""

from __future__ import annotations

import subprocess

from gitver_hooks.keeping.kept_refs import ref_name
from gitver_hooks.keeping.kept_version import Cut, KeptVersion
from support.git import Git


def keep_tree(
    git: Git, version: str, tree: str, *, full_tree: str = "", cuts: tuple[Cut, ...] = ()
) -> None:
    """Keep ``tree`` under the id of a version that is based on HEAD."""
    commit = git("rev-parse", "HEAD")
    kept = KeptVersion(version, commit, tree, full_tree or tree, "app-git-x", (), cuts)
    keep_tag(git, version, kept.to_tag(0))


def keep_tag(git: Git, version: str, tag: bytes) -> None:
    """Put a tag object, well formed or not, where the kept version belongs."""
    command = ["git", "hash-object", "-t", "tag", "-w", "--stdin", "--literally"]
    done = subprocess.run(command, cwd=git.path, input=tag, capture_output=True, check=True)
    git("update-ref", ref_name(version), done.stdout.decode().strip())
