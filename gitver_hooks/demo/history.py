"""Plays the history part of ``gitver demo``: thirty commits, and what gitver finds in them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from gitver_hooks.common.errors import GitverError
from gitver_hooks.common.printing import show
from gitver_hooks.demo.recorder import Recorder
from gitver_hooks.demo.repository import make_repository
from gitver_hooks.demo.scenario import DROP
from gitver_hooks.registry.tracking import sqlite_uri

# A busy machine is no reason for the demo to show an incomplete table.
_DEADLINE = ("--deadline", "300")


def play_history(folder: Path, environment: Mapping[str, str]) -> None:
    """Make the repository and its history in ``folder``, then run log, compare and report on it."""
    folder.mkdir(parents=True, exist_ok=True)
    show("# A repository of thirty commits; at one of them, the app gets worse.")
    commits = make_repository(folder, environment)
    show("# Recording what running and evaluating each version left in MLflow…")
    Recorder(folder, commits).record()
    show("")
    show("# The history: one row per version, and below them where it changed.")
    _run(folder, environment, "log", "-n", "30", *_DEADLINE)
    show("# The versions before and after that change. Two versions say less than a history:")
    show("# with 20 rows each, even a drop as large as this one may be chance.")
    _run(folder, environment, "compare", commits[DROP - 2][:8], commits[DROP][:8], *_DEADLINE)
    show("# The same history as a page to look at, to mail or to print.")
    _run(folder, environment, "report", "-o", "report.html", *_DEADLINE)


def kept_lines(folder: Path) -> list[str]:
    """Lines that say what a user can do with a history that was kept."""
    return [
        f"Kept in {folder}: open {folder / 'report.html'}, or run MLflow's own page with",
        f"    cd {os.fspath(folder)} && mlflow server --backend-store-uri sqlite:///mlflow.db",
    ]


def _run(folder: Path, environment: Mapping[str, str], *arguments: str) -> None:
    """Show a gitver command and what it prints."""
    show(f"$ gitver {' '.join(arguments)}")
    completed = subprocess.run(
        [sys.executable, "-m", "gitver_hooks", *arguments],
        cwd=folder,
        env={**environment, "MLFLOW_TRACKING_URI": sqlite_uri(str(folder / "mlflow.db"))},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        encoding=sys.stdout.encoding or "utf-8",
        errors="replace",
    )
    for line in completed.stdout.splitlines():
        show(f"    {line}".rstrip())
    if completed.returncode:
        raise GitverError(
            f"`gitver {arguments[0]}` exited with status {completed.returncode}: "
            f"{completed.stderr.strip()[-300:]}",
            "see `gitver doctor`",
        )
    show("")
