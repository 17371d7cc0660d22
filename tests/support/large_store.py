"""Fill an MLflow database with versions, traces and scores by SQL, in seconds."""

from __future__ import annotations

import json
import random
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import sqlalchemy

_Row = dict[str, Any]


@dataclass(frozen=True)
class Plan:
    """How much to insert: per version, ``live`` traces and ``evaluated`` rows.

    ``first`` numbers the versions, so that several plans can fill one store.
    """

    live: int = 470
    evaluated: int = 30
    seed: int = 1
    first: int = 0
    experiment_id: int = 0


def fill(uri: str, commits: list[str], plan: Plan, *, start_ms: int = 1_700_000_000_000) -> None:
    """Insert a LoggedModel, an evaluation run and traces for each commit, oldest first.

    The rows are those that MLflow 3.17 writes for the same traces; only the spans' content is
    shorter. ``uri`` is SQLAlchemy's.
    """
    randomness = random.Random(plan.seed)
    engine = sqlalchemy.create_engine(uri)
    try:
        with engine.begin() as connection:
            for number, commit in enumerate(commits, plan.first):
                at = start_ms + (number - plan.first) * 3_600_000
                _insert(connection, _version(randomness, number, commit, plan, at), plan)
    finally:
        engine.dispose()


def _insert(
    connection: sqlalchemy.Connection, rows: Iterable[tuple[str, _Row]], plan: Plan
) -> None:
    inspector = sqlalchemy.inspect(connection)
    known: dict[str, set[str]] = {}
    batches: dict[tuple[str, tuple[str, ...]], list[_Row]] = {}
    for table, row in rows:
        if "experiment_id" in row:
            row["experiment_id"] = plan.experiment_id
        if table not in known:
            columns_of = inspector.get_columns(table) if inspector.has_table(table) else []
            known[table] = {column["name"] for column in columns_of}
        if not known[table]:
            continue
        # Older MLflows have fewer tables and columns.
        row = {column: value for column, value in row.items() if column in known[table]}
        batches.setdefault((table, tuple(row)), []).append(row)
    for (table, columns), batch in batches.items():
        _insert_batch(connection, table, columns, batch)


def _insert_batch(
    connection: sqlalchemy.Connection, table: str, columns: tuple[str, ...], batch: list[_Row]
) -> None:
    raw = connection.connection.driver_connection
    names = ",".join(columns)
    if isinstance(raw, sqlite3.Connection):
        marks = ",".join("?" * len(columns))
        values = [tuple(row.values()) for row in batch]
        raw.executemany(f"INSERT INTO {table} ({names}) VALUES ({marks})", values)
    else:
        marks = ",".join(f":{column}" for column in columns)
        statement = sqlalchemy.text(f"INSERT INTO {table} ({names}) VALUES ({marks})")
        connection.execute(statement, batch)


def _version(
    randomness: random.Random, number: int, commit: str, plan: Plan, at: int
) -> Iterator[tuple[str, _Row]]:
    model, run = f"m-{number:032x}", f"{number:032x}"
    yield from _model(model, commit, at)
    yield "runs", _run(run, at)
    passed = 0
    for row in range(plan.evaluated + plan.live):
        evaluated = row < plan.evaluated
        trace = f"tr-{number:08x}{row:024x}"
        moment = at + row * 1000
        yield from _trace(randomness, trace, moment, model, run if evaluated else None, row)
        if evaluated or randomness.random() < 0.1:
            yes = randomness.random() < 0.8
            passed += yes and evaluated
            name = "correctness" if evaluated else "liked"
            yield "assessments", _assessment(trace, moment, name, yes, run if evaluated else None)
    yield (
        "logged_model_metrics",
        {
            "model_id": model,
            "metric_name": "correctness/mean",
            "metric_timestamp_ms": at + plan.evaluated * 1000,
            "metric_step": 0,
            "metric_value": passed / plan.evaluated if plan.evaluated else None,
            "experiment_id": 0,
            "run_id": run,
        },
    )


def _model(model: str, commit: str, at: int) -> Iterator[tuple[str, _Row]]:
    yield (
        "logged_models",
        {
            "model_id": model,
            "experiment_id": 0,
            "name": f"app-git-{commit[:8]}",
            "artifact_location": "nowhere",
            "creation_timestamp_ms": at,
            "last_updated_timestamp_ms": at,
            "status": 2,
            "lifecycle_stage": "active",
            "model_type": "agent",
        },
    )
    tags = {
        "gitver.version": commit,
        "mlflow.source.git.commit": commit,
        "mlflow.source.git.dirty": "false",
        "mlflow.source.git.branch": "main",
    }
    for key, value in tags.items():
        yield (
            "logged_model_tags",
            {"model_id": model, "experiment_id": 0, "tag_key": key, "tag_value": value},
        )


def _run(run: str, at: int) -> _Row:
    return {
        "run_uuid": run,
        "name": run[:8],
        "source_type": "UNKNOWN",
        "user_id": "test",
        "status": "FINISHED",
        "start_time": at,
        "end_time": at + 1,
        "lifecycle_stage": "active",
        "artifact_uri": "nowhere",
        "experiment_id": 0,
    }


def _trace(
    randomness: random.Random, trace: str, at: int, model: str, run: str | None, row: int
) -> Iterator[tuple[str, _Row]]:
    latency = round(randomness.lognormvariate(7, 0.4))
    tokens = randomness.randint(300, 900)
    cost = tokens * 2e-6
    failed = run is None and randomness.random() < 0.02
    usage = {"input_tokens": tokens - 100, "output_tokens": 100, "total_tokens": tokens}
    costs = {"input_cost": cost / 2, "output_cost": cost / 2, "total_cost": cost}
    yield (
        "trace_info",
        {
            "request_id": trace,
            "experiment_id": 0,
            "timestamp_ms": at,
            "execution_time_ms": latency,
            "status": "ERROR" if failed else "OK",
            "request_preview": f'{{"question": "number {row}"}}',
            "response_preview": '"an answer"',
            "trace_name": "answer",
            **usage,
            **costs,
        },
    )
    metadata = {
        "mlflow.modelId": model,
        "mlflow.traceInputs": f'{{"question": "number {row}"}}',
        "mlflow.traceOutputs": '"an answer"',
        "mlflow.trace_schema.version": "3",
        "mlflow.trace.tokenUsage": json.dumps(usage),
        "mlflow.trace.cost": json.dumps(costs),
        **({"mlflow.sourceRun": run} if run else {}),
    }
    for key, value in metadata.items():
        yield "trace_request_metadata", {"key": key, "value": value, "request_id": trace}
    yield "trace_tags", {"key": "mlflow.traceName", "value": "answer", "request_id": trace}
    for span, parent in (("root", None), ("llm", "root")):
        yield "spans", _span(trace, span, parent, at, latency, cost)


def _span(trace: str, span: str, parent: str | None, at: int, latency: int, cost: float) -> _Row:
    return {
        "trace_id": trace,
        "experiment_id": 0,
        "span_id": span,
        "parent_span_id": parent,
        "name": span,
        "type": "LLM" if parent else "UNKNOWN",
        "status": "OK",
        "start_time_unix_nano": at * 1_000_000,
        "end_time_unix_nano": (at + latency) * 1_000_000,
        "content": "{}",
        "total_cost": cost if parent else None,
    }


def _assessment(trace: str, at: int, name: str, yes: bool, run: str | None) -> _Row:
    metadata = {"mlflow.assessment.sourceRunId": run} if run else None
    return {
        "assessment_id": f"a-{trace[3:]}{name[:6]}",
        "trace_id": trace,
        "name": name,
        "assessment_type": "feedback",
        "value": "true" if yes else "false",
        "created_timestamp": at,
        "last_updated_timestamp": at,
        "source_type": "CODE" if run else "HUMAN",
        "source_id": name,
        "valid": True,
        "assessment_metadata": json.dumps(metadata) if metadata else None,
        "experiment_id": 0,
        "trace_timestamp_ms": at,
        "aggregate_value": float(yes),
        "is_numeric_value": False,
    }
