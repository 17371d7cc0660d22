"""Finds out from pre-commit's variables and cache in which stage a hook runs, and on what code.

Standard library only, because this runs in every commit under pre-commit.
"""

from __future__ import annotations

import os
from collections.abc import Mapping


def stage_of_pre_commit(environment: Mapping[str, str]) -> tuple[str, list[str]]:
    """The git hook that pre-commit is running, and the arguments that git passed to it.

    pre-commit passes them in variables that are each set in one stage only
    (https://pre-commit.com/#supported-git-hooks). post-commit has none.
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
    """Whether pre-commit has stashed unstaged changes, which it restores after the hook.

    It does so in every stage, and first writes them to ``patch<time>-<its pid>`` in its cache
    (pre_commit/staged_files_only.py). The worktree then does not contain the code that will run.
    """
    home = environment.get("HOME") or os.path.expanduser("~")
    caches = environment.get("XDG_CACHE_HOME") or os.path.join(home, ".cache")
    try:
        names = os.listdir(environment.get("PRE_COMMIT_HOME") or os.path.join(caches, "pre-commit"))
    except OSError:
        return False
    ending = f"-{os.getppid()}"
    return any(name.startswith("patch") and name.endswith(ending) for name in names)
