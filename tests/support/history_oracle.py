"""What the numbers of a version are, computed from MLflow's tables without MLflow or gitver."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

import numpy
import sqlalchemy
from sqlalchemy import Row

_TRACES = """
    SELECT t.request_id, t.execution_time_ms, t.status,
           u.value AS tokens, c.value AS cost, r.value AS run
    FROM trace_info t
    JOIN trace_request_metadata m
      ON m.request_id = t.request_id AND m.key = 'mlflow.modelId' AND m.value = :model
    JOIN trace_request_metadata u
      ON u.request_id = t.request_id AND u.key = 'mlflow.trace.tokenUsage'
    JOIN trace_request_metadata c
      ON c.request_id = t.request_id AND c.key = 'mlflow.trace.cost'
    LEFT JOIN trace_request_metadata r
      ON r.request_id = t.request_id AND r.key = 'mlflow.sourceRun'
    ORDER BY t.timestamp_ms DESC
"""
_ASSESSMENTS = """
    SELECT a.trace_id, a.name, a.value FROM assessments a
    JOIN trace_request_metadata m
      ON m.request_id = a.trace_id AND m.key = 'mlflow.modelId' AND m.value = :model
    WHERE a.assessment_type = 'feedback' AND a.valid
"""


def numbers_by_sql(uri: str, model_id: str, *, cost_of: int) -> dict[str, Any]:
    """The numbers of one model; the cost is that of the newest ``cost_of`` live traces."""
    traces, assessments = _rows(uri, model_id)
    live = [t for t in traces if t.run is None]
    evaluated = {t.request_id for t in traces if t.run is not None}
    return {
        **_trace_numbers(live, cost_of),
        "metrics": _scores(a for a in assessments if a.trace_id in evaluated),
        "feedback": _scores(a for a in assessments if a.trace_id not in evaluated),
    }


def _trace_numbers(live: Sequence[Row[Any]], cost_of: int) -> dict[str, float]:
    latencies = [t.execution_time_ms for t in live]
    return {
        "traces": len(live),
        "errors": sum(t.status == "ERROR" for t in live),
        "latency_p50_ms": float(numpy.percentile(latencies, 50)),
        "latency_p95_ms": float(numpy.percentile(latencies, 95)),
        "tokens": float(numpy.mean([json.loads(t.tokens)["total_tokens"] for t in live])),
        "cost": float(numpy.mean([json.loads(t.cost)["total_cost"] for t in live[:cost_of]])),
    }


def _rows(uri: str, model_id: str) -> tuple[Sequence[Row[Any]], Sequence[Row[Any]]]:
    """The model's traces, newest first, and their assessments."""
    engine = sqlalchemy.create_engine(uri)
    try:
        with engine.connect() as connection:
            model = {"model": model_id}
            traces = connection.execute(sqlalchemy.text(_TRACES), model).all()
            if not sqlalchemy.inspect(connection).has_table("assessments"):
                return traces, ()  # MLflow 3.1
            return traces, connection.execute(sqlalchemy.text(_ASSESSMENTS), model).all()
    finally:
        engine.dispose()


def _scores(assessments: Iterable[Row[Any]]) -> dict[str, dict[str, float]]:
    values: dict[str, list[bool]] = {}
    for assessment in assessments:
        values.setdefault(assessment.name, []).append(json.loads(assessment.value))
    return {
        name: {"mean": sum(v) / len(v), "rows": len(v), "passed": sum(v)}
        for name, v in values.items()
    }
