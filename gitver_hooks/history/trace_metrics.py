"""Asks the server for numbers that it computes: the only module with a private API of MLflow.

``query_trace_metrics`` of the tracking store (MLflow 3.8 and later, SQL stores and servers on them)
counts and aggregates traces without sending them. Every function returns None if this MLflow or
this store cannot do that; callers then read the traces through the public API.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from gitver_hooks.history.traces import ModelTraces

_MODEL = "trace.metadata.`mlflow.modelId`"
# An older server does not know the endpoint, and a store of files has no such query.
_UNSUPPORTED = frozenset({"ENDPOINT_NOT_FOUND", "NOT_IMPLEMENTED", "INVALID_PARAMETER_VALUE"})
# Into how many parts the time from a model's creation until now is divided.
_PARTS = 300
# The time of a trace is the app's, whose clock may be wrong.
_FAR_FUTURE_MS = 2**42
_MOST_POINTS = 1000


@dataclass(frozen=True)
class Counts:
    """The numbers of traces in each state (``OK``, ``ERROR``, ``IN_PROGRESS``).

    None of them is newer than ``until_ms``, if it is known.
    """

    states: Mapping[str, int]
    until_ms: int | None

    @property
    def total(self) -> int:
        """The number of all traces."""
        return sum(self.states.values())


class _Metric(NamedTuple):
    view: str
    name: str
    aggregations: Sequence[tuple[str, float | None]]
    dimensions: Sequence[str] = ()
    filters: Sequence[str] = ()


def count_by_state(traces: ModelTraces) -> Counts | None:
    """Count the traces, and find out until when there are any."""
    metric = _Metric("TRACES", "trace_count", [("COUNT", None)], ["trace_status"])
    seconds = max(1, round(time.time() - traces.period.since_ms / 1000) // _PARTS)
    points = _query(traces, metric, seconds)
    if points is not None and len(points) >= _MOST_POINTS:
        # Many traces are from the future.
        points, seconds = _query(traces, metric), 0
    if points is None:
        return None
    states: dict[str, int] = {}
    until_ms = 0
    for point in points:
        state = str(point.dimensions["trace_status"])
        states[state] = states.get(state, 0) + int(_only(point.values))
        if seconds:
            started = datetime.fromisoformat(point.dimensions["time_bucket"]).timestamp()
            until_ms = max(until_ms, round(started + seconds) * 1000)
    return Counts(states, until_ms or None)


def latencies_at(traces: ModelTraces, count: int, ranks: Sequence[int]) -> dict[int, float] | None:
    """The latencies (ms) at the 0-based ``ranks`` of all ``count`` sorted ones.

    Stores interpolate percentiles linearly, so the percentile 100 k / (count - 1) is exactly the
    k-th value (numpy's default method).
    """
    highest_rank = max(count - 1, 1)
    wanted = {rank: 100 * rank / highest_rank for rank in ranks}
    aggregations = [("PERCENTILE", percentile) for percentile in wanted.values()]
    points = _query(traces, _Metric("TRACES", "latency", aggregations))
    if not points:
        return None
    # SQLite names the value P50, a server P50.0.
    value_by_percentile = {float(name[1:]): value for name, value in points[0].values.items()}
    nearest = {
        rank: min(value_by_percentile, key=lambda named, at=percentile: abs(named - at))  # type: ignore[misc]
        for rank, percentile in wanted.items()
    }
    return {rank: value_by_percentile[percentile] for rank, percentile in nearest.items()}


def token_totals(traces: ModelTraces) -> tuple[float, int] | None:
    """The sum of all tokens, and how many traces have any."""
    points = _query(traces, _Metric("TRACES", "total_tokens", [("SUM", None), ("AVG", None)]))
    if points is None:
        return None
    if not points or not points[0].values.get("AVG"):
        return 0.0, 0
    total, mean = points[0].values["SUM"], points[0].values["AVG"]
    return float(total), round(total / mean)


def feedback_counts(traces: ModelTraces) -> dict[tuple[str, str], int] | None:
    """How often each value (as JSON) was given under each name, expectations excluded."""
    name, value = "assessment_name", "assessment_value"
    only_feedback = ["assessment.type = 'feedback'"]
    metric = _Metric(
        "ASSESSMENTS", "assessment_count", [("COUNT", None)], [name, value], only_feedback
    )
    points = _query(traces, metric)
    if points is None:
        return None
    return {
        (str(point.dimensions[name]), str(point.dimensions[value])): int(_only(point.values))
        for point in points
    }


def _query(
    traces: ModelTraces, metric: _Metric, interval_seconds: int | None = None
) -> list[Any] | None:
    try:
        from mlflow.entities import trace_metrics as entities

        query = traces.client._tracing_client.store.query_trace_metrics
    except (ImportError, AttributeError):
        return None
    until_ms = traces.period.until_ms
    if interval_seconds and until_ms is None:
        until_ms = _FAR_FUTURE_MS
    try:
        points = query(
            experiment_ids=[traces.experiment_id],
            view_type=entities.MetricViewType(metric.view),
            metric_name=metric.name,
            aggregations=[
                entities.MetricAggregation(entities.AggregationType(kind), percentile)
                for kind, percentile in metric.aggregations
            ],
            dimensions=list(metric.dimensions) or None,
            filters=[f"{_MODEL} = '{traces.model_id}'", *metric.filters],
            time_interval_seconds=interval_seconds,
            start_time_ms=traces.period.since_ms,
            end_time_ms=until_ms,
        )
    except NotImplementedError:
        return None
    except Exception as error:
        if getattr(error, "error_code", None) in _UNSUPPORTED:
            return None
        raise
    return None if points is None else list(points)


def _only(values: dict[str, float]) -> float:
    return next(iter(values.values()), 0.0)
