"""Keep the code of recorded versions; the deliverer starts this in the background."""

from __future__ import annotations

from collections.abc import Mapping

from gitver_hooks.gitfiles.location import find_location
from gitver_hooks.keeping.keeper_process import run_keeper
from gitver_hooks.pruning.automatic import prune_automatically


def run_keep(arguments: list[str], environment: Mapping[str, str]) -> int:
    """Keep, share and prune; the argument is the worktree."""
    (worktree,) = arguments
    location = find_location(worktree, environment)
    if location is None:
        return 1
    run_keeper(location, environment)
    prune_automatically(location, environment)
    return 0
