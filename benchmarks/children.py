"""Running a program and taking its time and its peak memory."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

# A child begins in the memory of the process that starts it, whose peak counts as its own: here
# that is a process that imports next to nothing.
_LAUNCHER = """\
import os, sys
process = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ)
_, status, usage = os.wait4(process, 0)
print(usage.ru_maxrss)
sys.exit(os.waitstatus_to_exitcode(status))
"""


class Failed(Exception):
    """A program that was to be measured, or to prepare a measurement, did not do its work."""


@dataclass(frozen=True)
class Ended:
    """``seconds`` of wall-clock time from start to end, and what the program wrote."""

    seconds: float
    output: str
    errors: str


def run(command: Sequence[str], folder: Path, environment: Mapping[str, str]) -> Ended:
    """Run ``command`` in ``folder`` to its end. Raises Failed where its status is not 0."""
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        started = time.perf_counter()
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=errors,
        )
        process.wait()
        seconds = time.perf_counter() - started
        ended = Ended(seconds, _text(output), _text(errors))
    if process.returncode:
        raise Failed(f"{' '.join(command)} in {folder} exited {process.returncode}: {ended.errors}")
    return ended


def peak_memory(command: Sequence[str], folder: Path, environment: Mapping[str, str]) -> int:
    """The peak of resident memory of ``command``, in bytes. Raises Failed."""
    launcher = [sys.executable, "-I", "-S", "-c", _LAUNCHER]
    maxrss = int(run([*launcher, *command], folder, environment).output.split()[-1])
    # getrusage(2): kilobytes, except on macOS.
    return maxrss if sys.platform == "darwin" else maxrss * 1024


def _text(file: object) -> str:
    file.seek(0)  # type: ignore[attr-defined]
    return str(file.read().decode("utf-8", "replace"))  # type: ignore[attr-defined]
