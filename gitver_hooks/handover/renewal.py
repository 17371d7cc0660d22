"""Renews a snapshot with current stat data, so that the next comparison is cheap.

Standard library only.
"""

from __future__ import annotations

import os
from array import array

from gitver_hooks.handover import snapshot as snapshots
from gitver_hooks.handover.comparison import Moved, same_index
from gitver_hooks.handover.directory_names import DirectoryNames
from gitver_hooks.handover.observation import (
    FIELDS,
    MISSING,
    read_clock,
    signature_of,
    stat_directory,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gitver_hooks.gitfiles.location import Location
    from gitver_hooks.handover.snapshot import Snapshot

# If there are more names of temporary files than this, only the current ones are kept.
_MOST_NAMES = 64


def renewed(location: Location, snapshot: Snapshot, moved: Moved) -> Snapshot | None:
    """The snapshot with the current stat data of what moved; None if it would not be sound.

    As for a first snapshot, every ctime has to be older than the filesystem's clock, and what was
    read before the clock is read again: it may have changed in between.
    """
    device, now = read_clock(location.state_dir)
    directories = _directories(location, snapshot, moved, device, now)
    pinned = _pinned(location, snapshot, moved, device, now)
    if directories is None or pinned is None:
        return None
    renewal = snapshots.copy(snapshot)
    renewal.directory_signatures, renewal.others = directories
    renewal.pinned_signatures = pinned
    return renewal


def _directories(
    location: Location, snapshot: Snapshot, moved: Moved, device: int, now: int
) -> tuple[bytes, bytes] | None:
    """The directories' times and names."""
    root = os.fsencode(location.worktree)
    signatures = array("q", snapshot.directory_signatures)
    others = snapshots.split_others(snapshot.others)
    paths = snapshot.directories.split(b"\0")
    names = DirectoryNames(root, snapshot)
    for position in moved.directories:
        status = stat_directory(
            paths[position], root + b"/" + paths[position] if paths[position] else root
        )
        if status.st_dev != device or status.st_ctime_ns >= now:
            return None
        present = names.unless_changed(position)
        if present is None:
            return None
        signatures[2 * position], signatures[2 * position + 1] = (
            status.st_mtime_ns,
            status.st_ctime_ns,
        )
        others[position] = b"\0".join(_merged(snapshots.split(others[position]), present))
    return signatures.tobytes(), snapshots.join_others(others)


def _pinned(
    location: Location, snapshot: Snapshot, moved: Moved, device: int, now: int
) -> bytes | None:
    """The signatures of the indexes and the other pinned files."""
    signatures = array("q", snapshot.pinned_signatures)
    for position, path in enumerate(snapshots.split(snapshot.pinned)):
        if path not in moved.indexes:
            continue
        status = os.stat(path)
        if status.st_dev != device or status.st_ctime_ns >= now:
            return None
        if not same_index(location, snapshot, path):
            return None
        signatures[position * FIELDS : (position + 1) * FIELDS] = array("q", signature_of(status))
    return signatures.tobytes()


def _merged(recorded: list[bytes], present: list[bytes]) -> list[bytes]:
    """The recorded and the present names, since journal files come and go.

    If these are too many, only the present ones and those of missing tracked files.
    """
    kept = {*present, *(name for name in recorded if name.startswith(MISSING))}
    all_names = kept.union(recorded)
    return sorted(all_names if len(all_names) <= 2 * len(kept) + _MOST_NAMES else kept)
