"""With MLflow 3.4 and 3.1, which can neither count traces nor compute percentiles."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from support.git import Git
from support.history_oracle import numbers_by_sql
from support.large_store import Plan, fill

import gitver_hooks

PACKAGES = ("sqlalchemy<2.1", "alembic", "dulwich", "PyYAML")


@pytest.mark.long
@pytest.mark.parametrize("version", ["3.4.0", "3.1.0"])
def test_the_numbers_equal_those_of_the_tables(
    git: Git, tmp_path_factory: pytest.TempPathFactory, version: str
) -> None:
    folder = tmp_path_factory.mktemp("older")
    python = str(folder / "venv" / "bin" / "python")
    subprocess.run([sys.executable, "-m", "venv", str(folder / "venv")], check=True)
    packages = (f"mlflow-skinny=={version}", *PACKAGES)
    subprocess.run([python, "-m", "pip", "install", "-q", *packages], check=True)
    uri = f"sqlite:///{folder}/mlflow.db"
    environment = {
        **os.environ,
        "MLFLOW_TRACKING_URI": uri,
        "PYTHONPATH": str(Path(gitver_hooks.__file__).parent.parent),
    }
    create = f"import mlflow; mlflow.MlflowClient({uri!r}).search_experiments()"
    subprocess.run([python, "-c", create], env=environment, check=True, capture_output=True)
    git.commit("few")
    git.commit("many")
    commits = git("rev-list", "--reverse", "HEAD").split()
    fill(uri, commits[:2], Plan(live=25, evaluated=8))
    fill(uri, commits[2:], Plan(live=230, evaluated=8, first=2))
    done = subprocess.run(
        [python, "-m", "gitver_hooks", "log", "--format", "json", "--deadline", "300"],
        cwd=git.path,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")
    many, *few = json.loads(done.stdout)["versions"]
    assert (many["traces"], many["traces_coverage"]) == (200, "at least")
    assert "latency_p50_ms" in many["sampled"]
    assert len(few) == 2
    for record in few:
        assert (record["traces_coverage"], record["sampled"]) == ("exact", [])
        expected = numbers_by_sql(uri, record["model_id"], cost_of=200)
        if not expected["metrics"]:
            # MLflow 3.1 has no assessments: there is the logged mean, and nothing else.
            assert version == "3.1.0"
            del expected["metrics"]
            correctness = record["metrics"]["correctness"]
            assert correctness["mean"] is not None
            assert (correctness["rows"], correctness["passed"]) == (None, None)
        for name, value in expected.items():
            if isinstance(value, float):
                value = pytest.approx(value)
            assert record[name] == value, name
