"""Keep the code of recorded versions; the deliverer starts this in the background."""

from __future__ import annotations

from collections.abc import Mapping

from gitver_hooks.keeping.keeper_process import run_keeper


def run_keep(arguments: list[str], environment: Mapping[str, str]) -> int:
    """Run a keeper with its argument, the worktree."""
    run_keeper(arguments, environment)
    return 0
