"""Runs a program and measures its time or its peak memory."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

# After a fork, the peak memory of the parent counts for the child too, so the parent is a process
# that imports next to nothing.
_LAUNCHER = """\
import os, sys
process = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ)
_, status, usage = os.wait4(process, 0)
print(usage.ru_maxrss)
sys.exit(os.waitstatus_to_exitcode(status))
"""


class Failed(Exception):
    """A program that is measured, or that prepares a measurement, failed."""


@dataclass(frozen=True)
class Ended:
    """``seconds`` of wall-clock time, and the output of the program."""

    seconds: float
    output: str
    errors: str


def run(command: Sequence[str], folder: Path, environment: Mapping[str, str]) -> Ended:
    """Run ``command`` in ``folder``. Raises Failed if its exit status is not 0."""
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
    """The peak resident memory of ``command`` in bytes. Raises Failed."""
    launcher = [sys.executable, "-I", "-S", "-c", _LAUNCHER]
    maxrss = int(run([*launcher, *command], folder, environment).output.split()[-1])
    # getrusage(2): kilobytes, except on macOS.
    return maxrss if sys.platform == "darwin" else maxrss * 1024


def _text(file: object) -> str:
    file.seek(0)  # type: ignore[attr-defined]
    return str(file.read().decode("utf-8", "replace"))  # type: ignore[attr-defined]
