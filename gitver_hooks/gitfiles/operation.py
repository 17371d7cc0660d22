"""Detects a rebase or a bisect that git is in the middle of (standard library only)."""

from __future__ import annotations

import os

REBASE = "rebase"
BISECT = "bisect"


def operation_under_way(git_dir: str) -> str | None:
    """``rebase`` or ``bisect`` while git is in the middle of one, else None.

    It is detected as in git's own prompt script (git-prompt.sh). ``rebase-apply`` without
    the file ``rebasing`` is a ``git am``, whose commits are recorded one by one.
    """
    if os.path.isdir(os.path.join(git_dir, "rebase-merge")) or os.path.exists(
        os.path.join(git_dir, "rebase-apply", "rebasing")
    ):
        return REBASE
    if os.path.exists(os.path.join(git_dir, "BISECT_LOG")):
        return BISECT
    return None


def ends_rebase(git_dir: str, name: str, arguments: list[str]) -> bool:
    """Whether the hook ``name`` is the last one that the current rebase runs.

    That is post-rewrite, except that a rebase without anything to pick ends with its only
    post-checkout, by which time it has done a ``noop`` (measured on git 2.39).
    """
    if name != "post-checkout":
        return name == "post-rewrite" and arguments[:1] == ["rebase"]
    try:
        with open(os.path.join(git_dir, "rebase-merge", "done"), "rb") as file:
            return file.read(5) == b"noop\n"
    except OSError:
        return False


def rebased_branch(git_dir: str) -> str | None:
    """The branch that the current rebase will move when it ends; HEAD is detached until then."""
    for folder in ("rebase-merge", "rebase-apply"):
        try:
            with open(
                os.path.join(git_dir, folder, "head-name"),
                encoding="utf-8",
                errors="surrogateescape",
            ) as file:
                name = file.read().rstrip("\n")
        except OSError:
            continue
        if name.startswith("refs/heads/"):
            return name[len("refs/heads/") :]
    return None
