"""Finds out when this process began to load modules. Standard library only."""

from __future__ import annotations

import os
import time

# Nanoseconds. The start is known to 10 ms, and Python takes some more until it reads a script.
_START_TICK = 15_000_000


def _process_start() -> int:
    """When this process began to load modules, in nanoseconds since the epoch.

    Linux tells when a process was forked, in ticks after boot (proc(5)). A worker that its master
    forked without executing anything has loaded the modules of the master, so the master's start
    counts. Elsewhere, apps that import the shim first lose nothing with the present time.
    """
    try:
        process = os.getpid()
        command = _command_line(process)
        while True:
            ticks, parent = _stat(process)
            if parent <= 1 or _command_line(parent) != command:
                break
            process = parent
        return _time_of_boot() + ticks * (1_000_000_000 // os.sysconf("SC_CLK_TCK"))
    except (OSError, AttributeError, ValueError, IndexError):
        return time.time_ns()


def _time_of_boot() -> int:
    """When the machine was started, in nanoseconds since the epoch.

    Both clocks are read one after the other, several times. The readings that took the shortest
    time count.
    """
    readings = []
    for _ in range(5):
        since_boot = time.clock_gettime_ns(time.CLOCK_BOOTTIME)
        now = time.time_ns()
        readings.append((time.clock_gettime_ns(time.CLOCK_BOOTTIME) - since_boot, now - since_boot))
    return min(readings)[1]


def _stat(process: int) -> tuple[int, int]:
    """The start of a process in clock ticks after boot, and its parent."""
    with open(f"/proc/{process}/stat", "rb") as file:
        # The second field is the name, in parentheses, which may contain anything.
        fields = file.read().rpartition(b")")[2].split()
    return int(fields[19]), int(fields[1])


def _command_line(process: int) -> bytes:
    with open(f"/proc/{process}/cmdline", "rb") as file:
        return file.read()


# What was last changed by then is what this process has loaded.
BEFORE_THIS_PROCESS = _process_start() + _START_TICK
