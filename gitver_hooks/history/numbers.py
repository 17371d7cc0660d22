"""Adds up traces and scores: pure functions from plain data to the records' numbers."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from gitver_hooks.history.trace_data import FAILED, Assessment, TraceData, number_of
from gitver_hooks.history.version_numbers import Coverage, Score, TraceNumbers

# The name of a metric, one value of it, and whether that is yes (1) or no (0).
_Answer = tuple[str, float, bool]


def trace_numbers(traces: Sequence[TraceData], coverage: Coverage = "exact") -> TraceNumbers:
    """The numbers of ``traces``; latencies are interpolated linearly, as MLflow does."""
    latencies = sorted(trace.latency_ms for trace in traces if trace.latency_ms is not None)
    return TraceNumbers(
        traces=len(traces),
        errors=sum(trace.state == FAILED for trace in traces),
        latency_p50_ms=percentile(latencies, 0.50),
        latency_p95_ms=percentile(latencies, 0.95),
        tokens=mean([trace.tokens for trace in traces if trace.tokens is not None]),
        cost=mean([trace.cost for trace in traces if trace.cost is not None]),
        coverage=coverage,
    )


def percentile(ordered: Sequence[float], share: float) -> float | None:
    """The value below which ``share`` (0 to 1) of the sorted values lie, linearly interpolated."""
    if not ordered:
        return None
    position = share * (len(ordered) - 1)
    below = int(position)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (position - below) * (ordered[above] - ordered[below])


def mean(values: Sequence[float]) -> float | None:
    """The arithmetic mean; None if there are no values."""
    return sum(values) / len(values) if values else None


def run_scores(traces: Iterable[TraceData], run_id: str) -> dict[str, Score]:
    """The scores that the evaluation run ``run_id`` gave, by name; per trace, the newest counts."""
    by_name: dict[str, list[Assessment]] = {}
    for trace in traces:
        newest: dict[str, Assessment] = {}
        for assessment in sorted(trace.assessments, key=lambda assessment: assessment.updated_ms):
            if belongs_to_run(assessment, trace, run_id):
                newest[assessment.name] = assessment
        for assessment in newest.values():
            by_name.setdefault(assessment.name, []).append(assessment)
    return _scores(by_name)


def belongs_to_run(assessment: Assessment, trace: TraceData, run_id: str) -> bool:
    """Whether the run gave that score: as recorded, else as the trace's own run."""
    if assessment.judge.startswith("HUMAN "):
        return False
    return (assessment.run_id or trace.run_id) == run_id


def feedback_scores(live: Iterable[TraceData]) -> dict[str, Score]:
    """The feedback on live traces by name, without the scores of evaluation runs."""
    by_name: dict[str, list[Assessment]] = {}
    for trace in live:
        for assessment in trace.assessments:
            if assessment.run_id is None:
                by_name.setdefault(assessment.name, []).append(assessment)
    return _scores(by_name)


def feedback_from_counts(
    counts: Mapping[tuple[str, str], int], evaluated: Iterable[TraceData], runs: Iterable[str]
) -> dict[str, Score]:
    """The feedback of live traces, from the server's counts less the scores of evaluations.

    ``counts`` maps (name, value as JSON) to a number; ``evaluated`` are the traces of the
    evaluation runs ``runs``.
    """
    remaining = Counter[_Answer]()
    for (name, text), count in counts.items():
        number, yes_no = number_of(_json(text))
        if number is not None:
            remaining[name, number, yes_no] += count
    remaining.subtract(_answers_in_runs(evaluated, frozenset(runs)))
    by_name: dict[str, dict[tuple[float, bool], int]] = {}
    for (name, number, yes_no), count in sorted(remaining.items()):
        if count > 0:
            by_name.setdefault(name, {})[number, yes_no] = count
    return {name: _score_from_counts(values) for name, values in by_name.items()}


def _answers_in_runs(traces: Iterable[TraceData], runs: frozenset[str]) -> Iterator[_Answer]:
    """The numeric assessments of ``traces`` that belong to one of ``runs``."""
    for trace in traces:
        for assessment in trace.assessments:
            if assessment.number is not None and not runs.isdisjoint(
                (trace.run_id, assessment.run_id)
            ):
                yield assessment.name, assessment.number, assessment.yes_no


def _score_from_counts(counts: Mapping[tuple[float, bool], int]) -> Score:
    """The score of the values (number, whether it is yes/no), each of which occurs that often."""
    rows = sum(counts.values())
    total = sum(number * count for (number, _), count in counts.items())
    binary = all(yes_no for _, yes_no in counts)
    return Score(total / rows, rows, round(total) if binary else None)


def _scores(by_name: Mapping[str, Sequence[Assessment]]) -> dict[str, Score]:
    scores: dict[str, Score] = {}
    for name, assessments in by_name.items():
        numeric = [assessment for assessment in assessments if assessment.number is not None]
        values = tuple(assessment.number for assessment in numeric if assessment.number is not None)
        if not values:
            continue
        binary = all(assessment.yes_no for assessment in numeric)
        scores[name] = Score(
            mean=sum(values) / len(values),
            rows=len(values),
            passed=round(sum(values)) if binary else None,
            values=values,
            judges=tuple(sorted({assessment.judge for assessment in numeric})),
        )
    return scores


def _json(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError:
        return text
