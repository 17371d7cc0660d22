"""``gitver demo --history``: the planted drop is found."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from support.git import Git

from gitver_hooks.history.assemble import Selection, read_history
from gitver_hooks.history.source import open_source


@pytest.mark.long
def test_the_demo_plants_a_drop_that_log_and_report_find(tmp_path: Path) -> None:
    folder = tmp_path / "shop"
    done = subprocess.run(
        [sys.executable, "-m", "gitver_hooks", "demo", "--history", "--keep", str(folder)],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == 0, done.stderr
    assert "correctness dropped from 89% to 64% at " in done.stdout
    assert '"Use a smaller model"' in done.stdout
    assert (folder / "report.html").stat().st_size < 100_000
    assert Git(folder)("status", "--porcelain") == ""
    environment = {**os.environ, "MLFLOW_TRACKING_URI": f"sqlite:///{folder}/mlflow.db"}
    with open_source(str(folder), environment, 120) as source:
        history = read_history(source, Selection(limit=30))
    assert sum(record.dirty for record in history) == 3
    finding = next(f for f in history.findings if f.metric == "correctness")
    subjects = {record.commit: record.subject for record in history}
    assert "Use a smaller model" in {subjects[commit] for commit in finding.suspects}
    # A folder with something in it is left alone.
    again = subprocess.run(
        [sys.executable, "-m", "gitver_hooks", "demo", "--history", "--keep", str(folder)],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
    )
    assert again.returncode == 1
    assert "is not empty" in again.stderr
