"""Which operation of several steps git has under way (standard library only)."""

from __future__ import annotations

import os

REBASE = "rebase"
BISECT = "bisect"


def operation_under_way(git_dir: str) -> str | None:
    """``rebase`` or ``bisect`` while git is in the middle of one, else None.

    The marks are those that git's own prompt script (git-prompt.sh) goes by. ``rebase-apply``
    without the file ``rebasing`` is a ``git am``, each commit of which is one to record.
    """
    if os.path.isdir(os.path.join(git_dir, "rebase-merge")) or os.path.exists(
        os.path.join(git_dir, "rebase-apply", "rebasing")
    ):
        return REBASE
    if os.path.exists(os.path.join(git_dir, "BISECT_LOG")):
        return BISECT
    return None


def rebased_branch(git_dir: str) -> str | None:
    """The branch that a rebase under way will move, HEAD being detached until it ends."""
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
