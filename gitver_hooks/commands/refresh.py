"""Print the model and the store for an app in a worktree; the shim starts this."""

from __future__ import annotations

import sys
from collections.abc import Mapping

from gitver_hooks.gitfiles.location import find_location
from gitver_hooks.recording.refresh import refresh


def run_refresh(arguments: list[str], environment: Mapping[str, str]) -> int:
    """Refresh with the ``arguments``: worktree and on_stale rule (empty: the setting)."""
    worktree, on_stale = arguments
    location = find_location(worktree, environment)
    if location is None:
        return 1
    sys.stdout.buffer.write(refresh(location, environment, on_stale).encode())
    sys.stdout.buffer.flush()
    return 0
