"""Makes a temporary folder that disappears together with every process that works in it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
# How long processes that were told to end may take before they are killed (s).
_GRACE_SECONDS = 5.0


@contextmanager
def scratch_folder(prefix: str) -> Iterator[Path]:
    """A new folder in the user's temporary folder, for the length of a ``with`` block.

    On exit the folder is removed, and every process that has it in its command line or as its
    working directory is ended. This also happens when the block is interrupted: SIGINT raises
    KeyboardInterrupt, SIGTERM and SIGHUP raise SystemExit with the status that a shell reports for
    them. Call it in the main thread only.
    """
    previous = {number: signal.getsignal(number) for number in _SIGNALS}
    folder = ""
    try:
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, _exit)
        folder = os.path.realpath(tempfile.mkdtemp(prefix=prefix))
        yield Path(folder)
    finally:
        # A second Ctrl-C must not stop the removal halfway.
        for number in _SIGNALS:
            signal.signal(number, signal.SIG_IGN)
        if folder:
            _remove(folder)
        for number, handler in previous.items():
            signal.signal(number, handler)


def _exit(number: int, frame: FrameType | None) -> None:
    raise SystemExit(128 + number)


def _remove(folder: str) -> None:
    deadline = time.monotonic() + _GRACE_SECONDS
    # A process that is just being started names the folder only a moment later.
    while os.path.exists(folder) or _processes_in(folder):
        number = signal.SIGTERM if time.monotonic() < deadline else signal.SIGKILL
        for process in _processes_in(folder):
            with suppress(ProcessLookupError, PermissionError):
                os.kill(process, number)
        shutil.rmtree(folder, ignore_errors=True)
        if time.monotonic() > deadline + _GRACE_SECONDS:
            break
        time.sleep(0.05)


def _processes_in(folder: str) -> list[int]:
    """The ids of the other processes that name ``folder`` in their command line or work in it."""
    if os.path.isdir("/proc/self"):
        processes = [int(name) for name in os.listdir("/proc") if name.isdigit()]
        return [number for number in processes if number != os.getpid() and _is_in(number, folder)]
    # macOS has no /proc. Processes that only work in the folder end with the command that started
    # them.
    listing = subprocess.run(
        ["ps", "-axww", "-o", "pid=,command="], capture_output=True, text=True, errors="replace"
    ).stdout
    rows = [line.split(None, 1) for line in listing.splitlines() if folder in line]
    return [int(row[0]) for row in rows if int(row[0]) != os.getpid()]


def _is_in(process: int, folder: str) -> bool:
    try:
        command = Path(f"/proc/{process}/cmdline").read_bytes()
        current = os.readlink(f"/proc/{process}/cwd")
    except OSError:
        return False
    return os.fsencode(folder) in command or (current + os.sep).startswith(folder + os.sep)
