"""Numbers of versions, read from real stores and compared with the tables of MLflow."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from support.git import Git
from support.history_oracle import numbers_by_sql
from support.large_store import Plan, fill
from support.stalling import stalling_server

from gitver_hooks.history import model_numbers, reading, trace_metrics
from gitver_hooks.history.assemble import Selection, read_history
from gitver_hooks.history.code_changes import CodeChanges
from gitver_hooks.history.comparing import compare_rows
from gitver_hooks.history.models import ModelData
from gitver_hooks.history.records import History, Resolved
from gitver_hooks.history.rows import read_rows
from gitver_hooks.history.source import Source, open_source
from gitver_hooks.history.traces import ModelTraces

MANY = 230


@dataclass(frozen=True)
class Recorded:
    """A repository whose versions have traces, the last of them more than a sample."""

    git: Git
    uri: str
    tracking_uri: str
    experiment: str = "0"

    def history(self, limit: int = 20, seconds: float = 120) -> History:
        with self.source(seconds) as source:
            return read_history(source, Selection(limit=limit))

    def source(self, seconds: float = 120) -> AbstractContextManager[Source]:
        environment = {
            "PATH": "/usr/bin:/bin",
            "MLFLOW_TRACKING_URI": self.tracking_uri,
            "MLFLOW_EXPERIMENT_ID": self.experiment,
        }
        return open_source(str(self.git.path), environment, seconds)


def fill_versions(git: Git, uri: str, experiment_id: int = 0, first: int = 0) -> None:
    for number in range(3):
        git.commit(f"change {number}")
    commits = git("rev-list", "--reverse", "HEAD").split()
    plan = Plan(live=25, evaluated=8, first=first, experiment_id=experiment_id)
    fill(uri, commits[:2], plan)
    many = Plan(live=MANY, evaluated=8, first=first + 2, experiment_id=experiment_id, seed=2)
    fill(uri, commits[2:3], many)


@pytest.fixture
def recorded(git: Git, sqlite_store: Path) -> Recorded:
    uri = f"sqlite:///{sqlite_store}"
    fill_versions(git, uri)
    return Recorded(git, uri, uri)


def assert_equal_to_sql(recorded: Recorded, exact: bool = True) -> None:
    history = recorded.history()
    assert not history.partial
    registered = [record for record in history if record.model_id is not None]
    assert len(registered) == 3
    for record in registered:
        assert record.model_id is not None
        many = (record.traces or 0) > model_numbers.SAMPLE
        cost_of = model_numbers._SAMPLE_FOR_COST if many else model_numbers.SAMPLE
        expected = numbers_by_sql(recorded.uri, record.model_id, cost_of=cost_of)
        assert record.live.coverage == "exact"
        assert record.live.sampled == (("cost",) if many else ())
        compare(record.to_dict(), expected)


def compare(found: dict[str, Any], expected: dict[str, Any]) -> None:
    for name, value in expected.items():
        assert found[name] == (value if isinstance(value, dict | int) else pytest.approx(value)), (
            name
        )


def test_the_numbers_equal_those_of_the_tables_on_sqlite(recorded: Recorded) -> None:
    assert_equal_to_sql(recorded)


def test_the_numbers_equal_those_of_the_tables_on_a_server_with_postgresql(
    git: Git, team_server: str, postgres_uri: str
) -> None:
    recorded, _ = on_server(git, team_server, postgres_uri)
    assert_equal_to_sql(recorded)
    assert_rows_can_be_compared(recorded)


def test_the_rows_of_two_versions_can_be_compared(recorded: Recorded) -> None:
    assert_rows_can_be_compared(recorded)


def on_server(git: Git, team_server: str, postgres_uri: str) -> tuple[Recorded, str]:
    """An experiment of its own on the server, and the id of its oldest model."""
    from mlflow import MlflowClient

    experiment = MlflowClient(team_server).create_experiment(f"history of {git.path}")
    first = random.SystemRandom().getrandbits(30)  # ids are unique in the server
    fill_versions(git, postgres_uri, int(experiment), first)
    return Recorded(git, postgres_uri, team_server, experiment), f"m-{first:032x}"


def assert_rows_can_be_compared(recorded: Recorded) -> None:
    scores = {r.commit: r.metrics["correctness"] for r in recorded.history() if r.model_id}
    with recorded.source() as source:
        reading = source.reading()
        a, b = sorted(reading.models_of_commits(list(scores)), key=lambda m: m.created_ms)[:2]
        sides = read_rows(reading, a), read_rows(reading, b)
    named = Resolved(a.version, a.commit), Resolved(b.version, b.commit)
    compared = compare_rows(*named, CodeChanges(), ({}, {}), sides)
    assert len(compared.pairs) == 8
    (correctness,) = [c for c in compared.quality if c.metric == "correctness"]
    assert correctness.mean_a == pytest.approx(scores[a.commit].mean)
    assert correctness.mean_b == pytest.approx(scores[b.commit].mean)


def test_traces_from_the_future_are_counted_however_many_there_are(
    git: Git, sqlite_store: Path
) -> None:
    uri = f"sqlite:///{sqlite_store}"
    # More seconds with traces than MLflow returns points, by an app whose clock is wrong.
    tomorrow = round(time.time() + 86_400) * 1000
    fill(uri, [git("rev-parse", "HEAD")], Plan(live=1100, evaluated=2), start_ms=tomorrow)
    (record,) = Recorded(git, uri, uri).history()
    assert record.model_id is not None
    assert (record.live.traces, record.live.coverage) == (1100, "exact")
    cost_of = model_numbers._SAMPLE_FOR_COST
    compare(record.to_dict(), numbers_by_sql(uri, record.model_id, cost_of=cost_of))


def test_without_the_private_api_counts_are_at_least(
    recorded: Recorded, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trace_metrics, "_query", lambda *arguments: None)
    records = {record.subject: record for record in recorded.history()}
    many = records["change 1"].live
    assert (many.traces, many.coverage) == (model_numbers.SAMPLE, "at least")
    assert "latency_p50_ms" in many.sampled
    few = records["change 0"].live
    assert (few.traces, few.coverage, few.sampled) == (25, "exact", ())


def test_evaluation_traces_are_kept_apart(recorded: Recorded) -> None:
    record = next(r for r in recorded.history() if r.subject == "change 0")
    assert (record.live.traces, record.evaluation.traces) == (25, 8)
    assert record.metrics["correctness"].rows == 8
    assert record.metrics["correctness"].judges == ("CODE correctness",)
    assert "correctness" not in record.feedback


def test_a_commit_that_was_never_registered_has_a_record_without_numbers(
    recorded: Recorded,
) -> None:
    newest = recorded.history()[0]
    assert (newest.subject, newest.model_id, newest.live.coverage) == ("change 2", None, "unread")
    assert newest.version == newest.commit


def test_what_the_deadline_leaves_out_is_marked_and_the_logged_mean_is_shown(
    recorded: Recorded, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = model_numbers.read_numbers
    blocked = {f"m-{1:032x}"}

    def read(model: ModelData, traces: ModelTraces) -> model_numbers.ModelNumbers:
        if model.model_id in blocked:
            raise ConnectionError("gone")
        return slow(model, traces)

    monkeypatch.setattr(reading, "read_numbers", read)
    history = recorded.history()
    assert history.partial
    assert history.notes
    record = next(r for r in history if r.model_id in blocked)
    assert record.unread == ("traces", "scores")
    assert record.live.coverage == "unread"
    assert record.metrics["correctness"].mean is not None
    assert record.metrics["correctness"].rows is None


@pytest.mark.long
def test_one_request_without_an_answer_costs_the_deadline_and_one_version(
    git: Git, team_server: str, postgres_uri: str
) -> None:
    recorded, oldest = on_server(git, team_server, postgres_uri)
    with stalling_server(team_server, oldest) as address:
        history = replace(recorded, tracking_uri=address).history(seconds=30)
    assert history.partial
    assert history.notes == (
        "1 of 3 versions were not read within 30 seconds; allow more with --deadline",
    )
    by_model = {record.model_id: record for record in history if record.model_id}
    assert by_model.pop(oldest).unread == ("traces", "scores")
    assert {record.live.coverage for record in by_model.values()} == {"exact"}


def test_reading_creates_neither_a_store_nor_an_experiment(git: Git, tmp_path: Path) -> None:
    from gitver_hooks.common.errors import GitverError

    missing = Recorded(git, "", f"sqlite:///{tmp_path}/none.db")
    with pytest.raises(GitverError, match="nothing has been recorded yet"):
        missing.history()
    assert not (tmp_path / "none.db").exists()


def test_the_function_changes_nothing_in_the_users_process(recorded: Recorded) -> None:
    code = (
        "import logging, os, warnings, sys\n"
        "import gitver_hooks\n"
        "before = (dict(os.environ), logging.root.manager.disable, list(warnings.filters))\n"
        "import mlflow\n"
        "before = (dict(os.environ), logging.root.manager.disable, list(warnings.filters))\n"
        "found = gitver_hooks.history(sys.argv[1], limit=3)\n"
        "after = (dict(os.environ), logging.root.manager.disable, list(warnings.filters))\n"
        "assert before[0] == after[0], 'environment'\n"
        "assert before[1:] == after[1:], 'logging or warnings'\n"
        "assert [r.to_dict()['version'] for r in found] == [r.version for r in found]\n"
        "print(len(found))\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error::FutureWarning", "-c", code, str(recorded.git.path)],
        env={"PATH": "/usr/bin:/bin", "MLFLOW_TRACKING_URI": recorded.uri, "HOME": "/nonexistent"},
        capture_output=True,
        text=True,
    )
    assert done.stdout == "3\n", done.stderr[-2000:]
