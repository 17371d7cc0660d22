"""Running a program and taking its time and its peak memory."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


class Failed(Exception):
    """A program that was to be measured, or to prepare a measurement, did not do its work."""


@dataclass(frozen=True)
class Ended:
    """``seconds`` of wall-clock time from start to end; ``peak_bytes`` of resident memory.

    The peak is never less than that of the process that started the child, in whose memory the
    child begins: the benchmarks themselves import little.
    """

    seconds: float
    peak_bytes: int
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
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        ended = Ended(seconds, _bytes(usage.ru_maxrss), _text(output), _text(errors))
    if process.returncode:
        raise Failed(f"{' '.join(command)} in {folder} exited {process.returncode}: {ended.errors}")
    return ended


def _bytes(maxrss: int) -> int:
    # getrusage(2): kilobytes, except on macOS.
    return maxrss if sys.platform == "darwin" else maxrss * 1024


def _text(file: object) -> str:
    file.seek(0)  # type: ignore[attr-defined]
    return str(file.read().decode("utf-8", "replace"))  # type: ignore[attr-defined]
