"""Checks regularly, in the background, that the active model still exists in MLflow."""

from __future__ import annotations

import os

from gitver_hooks.common.files import open_state_file
from gitver_hooks.gitfiles.location import Location
from gitver_hooks.handover.active_state import ActiveState

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping


def recheck_if_due(
    location: Location, environment: Mapping[str, str], state: ActiveState, now: float
) -> None:
    """Start the check if the last one of this worktree is older than the setting ``recheck``.

    ``now`` is the time in seconds since the epoch. Never raises.
    """
    seconds = float(state.recheck or 0)
    if not seconds:
        return
    path = os.path.join(location.state_dir, "rechecked")
    try:
        if 0 <= now - os.stat(path).st_mtime < seconds:
            return
    except OSError:
        pass
    try:
        os.close(open_state_file(path, os.O_WRONLY | os.O_CREAT))
        os.utime(path, (now, now))
        from gitver_hooks.handover.launch import start_deliverer

        start_deliverer(location, environment, state.store.key, "--recheck")
    except OSError:
        pass
