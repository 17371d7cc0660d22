"""Processes that a test starts indirectly, and how to end them."""

from __future__ import annotations

import os
import signal
from pathlib import Path


def kill_all_at_work_in(folder: Path) -> None:
    """SIGKILL to every process that names ``folder`` or works in it: git, hooks, deliverers."""
    for process in Path("/proc").glob("[0-9]*"):
        if int(process.name) == os.getpid():
            continue
        try:
            words = (process / "cmdline").read_bytes()
            where = os.readlink(process / "cwd")
        except OSError:
            continue
        if os.fsencode(folder) in words or where.startswith(str(folder)):
            try:
                os.kill(int(process.name), signal.SIGKILL)
            except ProcessLookupError:
                pass
