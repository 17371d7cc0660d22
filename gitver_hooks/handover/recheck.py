"""Now and then, have a background process ask MLflow whether the active model is still there."""

from __future__ import annotations

import os

from gitver_hooks.gitfiles.location import Location


def recheck_in_background(location: Location, seconds: float, now: float) -> None:
    """Start the question if the last one of this worktree is ``seconds`` old; 0 means never.

    Never an exception: it is off the path of whoever calls.
    """
    if not seconds:
        return
    path = os.path.join(location.state_dir, "rechecked")
    try:
        if 0 <= now - os.stat(path).st_mtime < seconds:
            return
    except OSError:
        pass
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600))
        os.utime(path, (now, now))
        from gitver_hooks.handover.launch import start_recheck

        start_recheck(location)
    except OSError:
        pass
