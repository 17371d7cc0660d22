"""Reads the content of a source file and the time of its last change. Standard library only.

That time is the larger of mtime and ctime: tools that preserve the mtime cannot preserve the ctime
(stat(2)).
"""

from __future__ import annotations

import os
import time

# Nanoseconds. A file's times are those of the kernel's last tick, of at most 10 ms (CONFIG_HZ).
TICK = 10_000_000
# Larger files (extension modules) are not read: once rewritten, they count as changed.
_LARGEST = 4_000_000


def last_change(path: str) -> int:
    """When the file last changed, in nanoseconds since the epoch; now if it is gone."""
    try:
        status = os.stat(path)
    except OSError:
        return time.time_ns()
    return max(status.st_mtime_ns, status.st_ctime_ns)


def content_of(path: str) -> bytes | None:
    """The content of the file; None if it is too large or cannot be read."""
    try:
        with open(path, "rb") as file:
            content = file.read(_LARGEST + 1)
    except OSError:
        return None
    return content if len(content) <= _LARGEST else None
