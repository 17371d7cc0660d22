"""The benchmarks measure and write what they promise; no test depends on how fast anything is."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

CHECKOUT = Path(__file__).parent.parent
WITHOUT_MLFLOW = ["identity", "hooks", "rebase", "keep", "parts", "growth"]
KEEPING = ("recording a dirty version", "the same / git stash create", "keeper in the background")
ROWS = {
    "identity": {
        "bare interpreter",
        "git status",
        "shim, fresh, beyond a bare interpreter",
        "the same / git status",
        "shim, asking MLflow again in the background",
        "shim, after a touch of all",
        "modules a fresh shim imports from elsewhere",
        "gitver id, cold / git status",
        "gitver id, warm / git status",
        "gitver id, after an edit / git status",
        "gitver id, after an edit / git add, write-tree",
        "gitver id, after a touch / git status",
        "gitver id, after a touch / git add, write-tree",
        "gitver id, warm / git add, write-tree",
        "gitver id, warm / MLflow's guide, commit only",
        "gitver id, warm / guide, clean or not",
        "gitver id, after an edit / guide, clean or not",
        "gitver id, warm / dulwich's status",
    },
    "hooks": {"hook of a known version, beyond git's checkout", "mlflow imported by it"},
    "rebase": {"a pick, of 20", "registered by it"},
    "keep": {
        *(f"{what}, {count} files" for count in (1, 100, 5000) for what in KEEPING),
        "recording beside a file of 200 MB that is cut out",
        *(f"{command}, 20 kept versions / none" for command in ("status", "log", "fetch")),
        "space on disk, 20 kept versions / 20 stashes",
    },
    "parts": {
        "shim, fresh, paths that name 300 files, beyond a bare interpreter",
        "gitver id, paths that name 300 files",
        "hook of 50 apps",
    },
    "server": {
        *(
            f"{what} of a new version, beyond git's, store {state}"
            for what in ("commit", "checkout")
            for state in ("embedded", "a server", "down", "hanging")
        ),
        "commit that leaves changes behind, beyond git's",
        "commit with 20000 entries in the outbox, beyond git's",
        "search by name, 100 models",
        "search by name, 10000 models",
        "MLflow's own search, 10000 models",
    },
    "app": {
        "shim, beyond import mlflow",
        "MLflow's versioning, beyond import mlflow",
        "app with shim / with MLflow's versioning",
        "app on a new dirty version / without the shim",
        "first start, which creates the embedded store, beyond import mlflow",
        "every start with the embedded store, beyond import mlflow",
    },
    "growth": {"peak memory, gitver id cold", "peak memory, shim fresh"},
    "history": {"walk of 20 of 50000 commits"},
}


def run_benchmarks(folder: Path, groups: list[str]) -> dict[str, Any]:
    """The output of ``python -m benchmarks`` for a tiny tree, measured once."""
    temporary, written = folder / "temporary", folder / "figures.json"
    temporary.mkdir()
    options = ["--size", "tiny", "--quick"]
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", *options, "--json", written, "--only", *groups],
        cwd=CHECKOUT,
        env={**os.environ, "TMPDIR": str(temporary)},
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == 0, done.stderr
    assert not list(temporary.iterdir())
    data: dict[str, Any] = json.loads(written.read_text())
    for row in data["rows"]:
        assert row["what"] in done.stdout
    return data


def rows_by_group(data: dict[str, Any]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for row in data["rows"]:
        found.setdefault(row["group"], set()).add(row["what"])
    return found


def test_writes_every_row_that_needs_no_mlflow_server_with_the_samples_behind_it(
    tmp_path: Path,
) -> None:
    data = run_benchmarks(tmp_path, WITHOUT_MLFLOW)

    assert rows_by_group(data) == {group: ROWS[group] for group in WITHOUT_MLFLOW}
    assert data["failures"] == []
    assert data["files"]["tiny"] >= 60
    assert all(len(samples) == 1 for samples in data["seconds"]["tiny"].values())
    assert {"date", "processor", "cores", "python", "git", "dulwich"} <= data["machine"].keys()
    for row in data["rows"]:
        within = None if row["budget"] is None else row["figure"] <= row["budget"]
        assert row["met"] == within
    # Not times: what a fresh shim and a hook on a known version must not do.
    figures = {row["what"]: row["figure"] for row in data["rows"]}
    assert figures["modules a fresh shim imports from elsewhere"] == 0
    assert figures["mlflow imported by it"] == 0
    assert figures["registered by it"] == 0


@pytest.mark.long
def test_writes_every_row(tmp_path: Path) -> None:
    data = run_benchmarks(tmp_path, list(ROWS))

    assert rows_by_group(data) == ROWS
    assert data["failures"] == []
