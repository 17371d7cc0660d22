"""Decides whether the worktree is unchanged since its version was last computed.

This runs at every app start, so it belongs to the runtime half. ``observation.Observation`` says
what is compared, and why a snapshot can be trusted once it has been saved.
"""

from __future__ import annotations

import os

from gitver_hooks.common.files import try_replace_file
from gitver_hooks.handover import snapshot as snapshots
from gitver_hooks.handover.comparison import compare

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gitver_hooks.gitfiles.location import Location
    from gitver_hooks.handover.observation import Observation

SNAPSHOT = "snapshot"


def save(location: Location, observation: Observation, version_id: str) -> bool:
    """Save a snapshot of the worktree as ``version_id``; returns whether that was possible.

    If not (the observation is not sound, or the state cannot be written), no snapshot is left.
    """
    if observation.sound:
        data = snapshots.encode(snapshots.from_observation(observation, version_id))
        if try_replace_file(os.path.join(location.state_dir, SNAPSHOT), data):
            return True
    try:
        os.unlink(os.path.join(location.state_dir, SNAPSHOT))
    except OSError:
        pass
    return False


def fresh_version(location: Location) -> str | None:
    """The version id in the snapshot if nothing it records has changed, else None. Never raises."""
    try:
        snapshot = snapshots.load(location.state_dir, SNAPSHOT)
        if snapshot is None:
            return None
        moved = compare(location, snapshot)
        if moved is None:
            return None
        if moved.worth_renewing:
            from gitver_hooks.handover.renewal import renewed

            renewal = renewed(location, snapshot, moved)
            if renewal is not None:
                try_replace_file(
                    os.path.join(location.state_dir, SNAPSHOT), snapshots.encode(renewal)
                )
        return snapshot.version_id.decode("utf-8", "surrogateescape")
    except Exception:  # the app goes on, and the version is computed again
        return None
