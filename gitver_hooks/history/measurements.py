"""Extracts from a history the series of each metric over the versions that have it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from gitver_hooks.history.records import History, Source, Unit, VersionRecord
from gitver_hooks.history.statistics.series import Series
from gitver_hooks.history.version_numbers import Score, TraceNumbers

# More values than this would cost time and add nothing: permuting them is for few versions.
_MOST_VALUES = 100_000


@dataclass(frozen=True)
class Measurements:
    """One metric of the versions that have it, oldest first.

    ``commits`` and ``judges`` are those of each version. The series has logarithms if
    ``logarithmic``: latency and cost change by factors, and their noise is skewed.
    """

    metric: str
    source: Source
    unit: Unit
    series: Series
    commits: tuple[str, ...]
    judges: tuple[tuple[str, ...], ...]
    logarithmic: bool = False


def all_measurements(history: History) -> list[Measurements]:
    """The measurements of all metrics of the clean versions of the first-parent history."""
    newest_first: dict[str, VersionRecord] = {}
    for record in history:
        if record.mainline and not record.dirty:
            newest_first.setdefault(record.commit, record)
    # Of a version that several commits have, where it appeared first: its numbers count once.
    oldest_first: dict[str, VersionRecord] = {}
    for record in reversed(newest_first.values()):
        oldest_first.setdefault(record.model_id or record.commit, record)
    records = list(oldest_first.values())
    return [
        *_scores(records, "metric", lambda record: record.metrics),
        *_scores(records, "feedback", lambda record: record.feedback),
        *_traces(records),
    ]


def _scores(
    records: Sequence[VersionRecord],
    source: Source,
    scores_of: Callable[[VersionRecord], Mapping[str, Score]],
) -> Iterator[Measurements]:
    for name in sorted({name for record in records for name in scores_of(record)}):
        known_scores = _known_scores(
            (record.commit, scores_of(record).get(name)) for record in records
        )
        if not known_scores:
            continue
        scores = [score for _, score, _ in known_scores]
        is_share = all(score.passed is not None for score in scores)
        yield Measurements(
            name,
            source,
            "share" if is_share else "score",
            Series(tuple(mean for _, _, mean in known_scores), _rows(scores), _values(scores)),
            tuple(commit for commit, _, _ in known_scores),
            tuple(score.judges for score in scores),
        )


def _known_scores(
    scores: Iterable[tuple[str, Score | None]],
) -> list[tuple[str, Score, float]]:
    """The commit, score and mean of each version whose mean is known and finite."""
    return [
        (commit, score, score.mean)
        for commit, score in scores
        if score is not None and score.mean is not None and math.isfinite(score.mean)
    ]


def _rows(scores: Sequence[Score]) -> tuple[int, ...]:
    """The numbers of rows; equal ones if they are not all known."""
    if all(score.rows for score in scores):
        return tuple(score.rows or 1 for score in scores)
    return (1,) * len(scores)


def _values(scores: Sequence[Score]) -> tuple[tuple[float, ...], ...] | None:
    values = tuple(score.values or () for score in scores)
    if not all(values) or sum(map(len, values)) > _MOST_VALUES:
        return None
    if not all(math.isfinite(value) for version in values for value in version):
        return None
    return values


def _traces(records: Sequence[VersionRecord]) -> Iterator[Measurements]:
    """Error rate, latency and cost of the live traces.

    Of the traces of evaluations instead, if more versions have those.
    """
    numbers: list[tuple[str, Unit, Callable[[TraceNumbers], float | None]]] = [
        ("errors", "share", lambda traces: traces.error_rate),
        ("latency_p50_ms", "ms", lambda traces: traces.latency_p50_ms),
        ("cost", "USD", lambda traces: traces.cost),
    ]
    for name, unit, number_of in numbers:
        live = _known(records, lambda record: record.live, number_of)
        evaluation = _known(records, lambda record: record.evaluation, number_of)
        if len(live) >= len(evaluation):
            chosen, metric = live, name
        else:
            chosen, metric = evaluation, f"evaluation.{name}"
        if not chosen:
            continue
        values = [value for _, _, value in chosen]
        logarithmic = unit != "share" and min(values) > 0
        means = tuple(math.log(value) if logarithmic else value for value in values)
        yield Measurements(
            metric,
            "traces",
            unit,
            Series(means, tuple(traces for _, traces, _ in chosen)),
            tuple(commit for commit, _, _ in chosen),
            ((),) * len(chosen),
            logarithmic,
        )


def _known(
    records: Sequence[VersionRecord],
    traces_of: Callable[[VersionRecord], TraceNumbers],
    number_of: Callable[[TraceNumbers], float | None],
) -> list[tuple[str, int, float]]:
    """The commit, number of traces and value of each version that has the number."""
    measured: list[tuple[str, int, float]] = []
    for record in records:
        traces = traces_of(record)
        value = number_of(traces)
        if value is not None and math.isfinite(value):
            measured.append((record.commit, traces.traces or 1, value))
    return measured
