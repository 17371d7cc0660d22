"""Remembers for a minute that a store has failed, so that nobody waits for it again.

An app that starts on new code waits for its store. If the store is down, only the first app waits:
for the next 60 seconds, others leave their registration to the background immediately.
"""

from __future__ import annotations

import os
import time

from gitver_hooks.common.files import read_small, replace_file
from gitver_hooks.gitfiles.location import Location
from gitver_hooks.handover.store import Store

OPEN_SECONDS = 60.0


def open_breaker(location: Location, store_key: str, reason: str) -> None:
    """Remember that the store with this key has just failed, and why. Never raises."""
    try:
        replace_file(_path(location, store_key), reason.encode("utf-8", "backslashreplace"))
    except OSError:
        pass


def close_breaker(location: Location, store: Store) -> None:
    """Forget the failure of a store that has answered. Never raises."""
    try:
        os.unlink(_path(location, store.key))
    except OSError:
        pass


def failure_of(location: Location, store: Store) -> str | None:
    """Why the store failed within the last 60 seconds, or None."""
    path = _path(location, store.key)
    try:
        age = time.time() - os.stat(path).st_mtime
    except OSError:
        return None
    if not 0 <= age < OPEN_SECONDS:
        return None
    return (read_small(path) or b"").decode("utf-8", "replace") or None


def _path(location: Location, store_key: str) -> str:
    return os.path.join(location.shared_state_dir, "failed", store_key)
