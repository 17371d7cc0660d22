"""Reads all numbers of one version from MLflow, as exact as the store allows."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from gitver_hooks.history import numbers
from gitver_hooks.history.live_percentiles import AllLatencies, live_percentiles
from gitver_hooks.history.models import ModelData
from gitver_hooks.history.trace_data import FAILED, RUNNING, TraceData
from gitver_hooks.history.trace_metrics import (
    Counts,
    count_by_state,
    feedback_counts,
    latencies_at,
    token_totals,
)
from gitver_hooks.history.traces import PAGE, ModelTraces, Period
from gitver_hooks.history.version_numbers import Score, TraceNumbers

# The newest live traces of a version that are read; fewer if the server adds up all but the cost.
SAMPLE = 200
_SAMPLE_FOR_COST = 100
# More evaluated rows than this are not read: no evaluation by hand or judge is that large.
_MOST_ROWS = 4 * PAGE
_MEAN = "/mean"
_SAMPLED = ("latency_p50_ms", "latency_p95_ms", "tokens", "cost")


@dataclass(frozen=True)
class ModelNumbers:
    """All numbers of one model; ``complete`` is False if evaluated rows were left out."""

    live: TraceNumbers
    evaluation: TraceNumbers
    metrics: dict[str, Score]
    feedback: dict[str, Score]
    complete: bool = True


def read_numbers(model: ModelData, traces: ModelTraces) -> ModelNumbers:
    """The numbers of one model, as exact as this MLflow allows; several requests."""
    counts = count_by_state(traces)
    if counts is not None:
        if not counts.total:
            empty = TraceNumbers(traces=0, errors=0, coverage="exact")
            return ModelNumbers(empty, empty, _logged_means(model), {})
        # All other requests need not look at what came after the model's last trace.
        traces = replace(traces, period=Period(traces.period.since_ms, counts.until_ms))
    by_run = {run_id: traces.newest(_MOST_ROWS, run_id) for run_id in model.run_ids}
    evaluated = evaluation_traces(by_run)
    many = counts is not None and counts.total > SAMPLE + len(evaluated)
    sample = _SAMPLE_FOR_COST if many else SAMPLE
    newest = traces.newest(sample + len(evaluated))
    for run_id in unlogged_runs(newest) - set(by_run):
        by_run[run_id] = traces.newest(_MOST_ROWS, run_id)
    evaluated = evaluation_traces(by_run)
    live_traces = [trace for trace in newest if trace.trace_id not in evaluated][:sample]
    metrics = _logged_means(model)
    for run_id, rows in by_run.items():
        metrics.update(numbers.run_scores(rows, run_id))
    evaluation = numbers.trace_numbers(list(evaluated.values()))
    if len(newest) < sample + len(evaluated):
        live = numbers.trace_numbers(live_traces)
        feedback = numbers.feedback_scores(live_traces)
    else:
        live, feedback = _live_numbers(traces, counts, evaluated, live_traces, tuple(by_run))
    complete = all(len(rows) < _MOST_ROWS for rows in by_run.values())
    return ModelNumbers(live, evaluation, metrics, feedback, complete)


def evaluation_traces(by_run: dict[str, list[TraceData]]) -> dict[str, TraceData]:
    """The traces that the evaluation runs produced, by id.

    A run may also have scored existing traces; those were produced by the app and stay live.
    """
    return {
        trace.trace_id: trace
        for rows in by_run.values()
        for trace in rows
        if trace.run_id in by_run
    }


def unlogged_runs(traces: Sequence[TraceData]) -> set[str]:
    """Runs that produced and scored traces, but whose metrics are not on the model."""
    return {
        trace.run_id
        for trace in traces
        if trace.run_id
        and any(assessment.run_id == trace.run_id for assessment in trace.assessments)
    }


def _live_numbers(
    traces: ModelTraces,
    counts: Counts | None,
    evaluated: Mapping[str, TraceData],
    newest: Sequence[TraceData],
    runs: tuple[str, ...],
) -> tuple[TraceNumbers, dict[str, Score]]:
    """The numbers and the feedback of live traces of which only the ``newest`` have been read."""
    feedback = numbers.feedback_scores(newest)
    if counts is None:
        live = numbers.trace_numbers(newest, "at least")
        return replace(live, sampled=(*_SAMPLED, "feedback")), feedback
    live = numbers.trace_numbers(newest)
    rows = list(evaluated.values())
    count = counts.total - len(rows)
    if count <= len(newest):
        return live, feedback
    failed = counts.states.get(FAILED, 0) - sum(trace.state == FAILED for trace in rows)
    live = replace(live, traces=count, errors=max(0, failed), sampled=_SAMPLED)
    live = _exact_latency(traces, counts, rows, live)
    live = _exact_tokens(traces, rows, live)
    answers = feedback_counts(traces)
    if answers is None:
        return replace(live, sampled=(*live.sampled, "feedback")), feedback
    return live, numbers.feedback_from_counts(answers, rows, runs)


def _exact_latency(
    traces: ModelTraces, counts: Counts, rows: Sequence[TraceData], live: TraceNumbers
) -> TraceNumbers:
    evaluated = [trace.latency_ms for trace in rows if trace.latency_ms is not None]
    ended = counts.total - counts.states.get(RUNNING, 0)
    if ended <= len(evaluated):
        return live
    values = live_percentiles(
        AllLatencies(ended, evaluated), (0.50, 0.95), partial(latencies_at, traces, ended)
    )
    if values is None:
        return live
    p50, p95 = values
    sampled = tuple(name for name in live.sampled if not name.startswith("latency"))
    return replace(live, latency_p50_ms=p50, latency_p95_ms=p95, sampled=sampled)


def _exact_tokens(
    traces: ModelTraces, rows: Sequence[TraceData], live: TraceNumbers
) -> TraceNumbers:
    totals = token_totals(traces)
    if totals is None:
        return live
    evaluated = [trace.tokens for trace in rows if trace.tokens is not None]
    total, count = totals[0] - sum(evaluated), totals[1] - len(evaluated)
    sampled = tuple(name for name in live.sampled if name != "tokens")
    return replace(live, tokens=total / count if count > 0 else None, sampled=sampled)


def _logged_means(model: ModelData) -> dict[str, Score]:
    """The metrics logged on the model itself, whose rows are not known."""
    return {
        name.removesuffix(_MEAN): Score(metric.value if math.isfinite(metric.value) else None)
        for name, metric in model.metrics.items()
    }


def unread_numbers(model: ModelData) -> ModelNumbers:
    """The numbers of a model whose traces were not read."""
    return ModelNumbers(TraceNumbers(), TraceNumbers(), _logged_means(model), {}, complete=False)
