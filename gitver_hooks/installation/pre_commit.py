"""pre-commit: which stage it runs us for, and whether it holds unstaged changes back meanwhile.

Standard library only.
"""

from __future__ import annotations

import os
from collections.abc import Mapping


def stage_of_pre_commit(environment: Mapping[str, str]) -> tuple[str, list[str]]:
    """The git hook that pre-commit runs us for, and its arguments.

    pre-commit tells a hook only through variables, each set in one stage (its documentation,
    "git hooks", names them): none of them means post-commit.
    """
    if "PRE_COMMIT_CHECKOUT_TYPE" in environment:
        names = ("PRE_COMMIT_FROM_REF", "PRE_COMMIT_TO_REF", "PRE_COMMIT_CHECKOUT_TYPE")
        return "post-checkout", [environment.get(name, "") for name in names]
    if "PRE_COMMIT_REWRITE_COMMAND" in environment:
        return "post-rewrite", [environment["PRE_COMMIT_REWRITE_COMMAND"]]
    if "PRE_COMMIT_IS_SQUASH_MERGE" in environment:
        return "post-merge", [environment["PRE_COMMIT_IS_SQUASH_MERGE"]]
    return "post-commit", []


def has_stashed_changes(environment: Mapping[str, str]) -> bool:
    """Whether pre-commit has put unstaged changes aside and brings them back when we are done.

    It does so around every stage, and writes them to ``patch<time>-<its pid>`` in its cache first
    (pre_commit/staged_files_only.py). What the worktree holds now is then not what will run.
    """
    cache = environment.get("PRE_COMMIT_HOME") or os.path.join(
        environment.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "pre-commit"
    )
    try:
        names = os.listdir(cache)
    except OSError:
        return False
    ending = f"-{os.getppid()}"
    return any(name.startswith("patch") and name.endswith(ending) for name in names)
