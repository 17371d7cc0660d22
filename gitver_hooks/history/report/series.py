"""Prepares the charts of a report: a value with its interval for each version."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from gitver_hooks.history import text
from gitver_hooks.history.records import Finding, History, VersionRecord
from gitver_hooks.history.version_numbers import Score

_Z = 1.96  # 95 %

# The names that findings use for the numbers of live traces.
_TRAFFIC_NAMES = {
    "errors": ("errors", "error_rate"),
    "latency_p50_ms": ("latency_p50_ms", "latency"),
    "cost": ("cost",),
}


@dataclass(frozen=True)
class Point:
    """One version in a chart: ``slot`` counts the commits from the left."""

    slot: int
    version: str
    commit: str
    label: str
    value: float
    low: float | None = None
    high: float | None = None
    dirty: bool = False


@dataclass(frozen=True)
class Chart:
    """One chart: its points, the form of its values, and the findings about it.

    ``traffic`` tells numbers of live traces from scores that may have the same name. ``upper`` is
    a second line, such as the 95th percentile.
    """

    name: str
    explanation: str
    points: tuple[Point, ...]
    write: Callable[[float], str]
    findings: tuple[Finding, ...] = ()
    share: bool = False
    upper: tuple[Point, ...] = ()
    line_names: tuple[str, str] = ("", "")
    traffic: bool = False


def charts(history: History) -> list[Chart]:
    """The charts that the history has values for: metrics first, then live traffic."""
    all_charts = [
        _scores(history, "metrics", name) for name in text.score_names(history, "metrics")
    ]
    all_charts += [
        _scores(history, "feedback", name) for name in text.score_names(history, "feedback")
    ]
    all_charts += [_latency(history), _errors(history), _cost(history)]
    return [_with_findings(chart, history) for chart in all_charts if chart.points]


def slots(history: History) -> list[VersionRecord]:
    """The commits of the horizontal axis, oldest first."""
    commits: dict[str, VersionRecord] = {}
    for record in history:
        if record.mainline:
            commits.setdefault(record.commit, record)
    return list(reversed(commits.values()))


def wilson(passed: float, rows: int) -> tuple[float, float]:
    """The 95 % interval of a share (Wilson 1927), which is never outside 0 to 1."""
    share, square = passed / rows, _Z * _Z
    center = (share + square / (2 * rows)) / (1 + square / rows)
    half = _Z * math.sqrt(share * (1 - share) / rows + square / (4 * rows * rows))
    half /= 1 + square / rows
    return max(0.0, center - half), min(1.0, center + half)


def normal(values: Sequence[float]) -> tuple[float, float] | None:
    """The 95 % interval of a mean by its standard error; None of fewer than two values."""
    if len(values) < 2:
        return None
    mean = sum(values) / len(values)
    variance = sum((value - mean) ** 2 for value in values) / (len(values) - 1)
    half = _Z * math.sqrt(variance / len(values))
    return mean - half, mean + half


def _scores(history: History, kind: str, name: str) -> Chart:
    def value(record: VersionRecord) -> Point | None:
        score: Score | None = getattr(record, kind).get(name)
        if score is None or score.mean is None:
            return None
        ends = None
        if score.rows and score.passed is not None:
            ends = wilson(score.passed, score.rows)
        elif score.values:
            ends = normal(score.values)
        low, high = ends or (None, None)
        rows = text.of_rows(score)
        label = f"{text.score(score)}" + (f" ({rows})" if rows else "")
        return _point(record, score.mean, label, low, high)

    chosen = _points(history, value)
    scores = [getattr(record, kind)[name] for record in history if name in getattr(record, kind)]
    share = any(score.passed is not None for score in scores)
    kind_of_scores = "evaluation" if kind == "metrics" else "feedback on live traces"
    explanation = f"{kind_of_scores}, {'share of yes' if share else 'mean'} with 95% interval"
    return Chart(name, explanation, chosen, text.share if share else text.number, share=share)


def _latency(history: History) -> Chart:
    def median(record: VersionRecord) -> Point | None:
        value = record.live.latency_p50_ms
        label = f"median {text.trace_number(record.live, 'latency_p50_ms')}"
        return None if value is None else _point(record, value, label)

    def tail(record: VersionRecord) -> Point | None:
        value = record.live.latency_p95_ms
        label = f"95th percentile {text.trace_number(record.live, 'latency_p95_ms')}"
        return None if value is None else _point(record, value, label)

    return Chart(
        "latency_p50_ms",
        "live traces: median, and 95th percentile (dashed)",
        _points(history, median),
        text.milliseconds,
        upper=_points(history, tail),
        line_names=("p50", "p95"),
        traffic=True,
    )


def _errors(history: History) -> Chart:
    def value(record: VersionRecord) -> Point | None:
        live = record.live
        rate = live.error_rate
        if rate is None or live.errors is None or not live.traces:
            return None
        label = f"{text.share(rate, digits=1)} ({live.errors} of {text.count(live)})"
        return _point(record, rate, label, *wilson(live.errors, live.traces))

    return Chart(
        "errors",
        "share of live traces that failed, with 95% interval",
        _points(history, value),
        lambda rate: text.share(rate, digits=1).replace(".0%", "%"),
        share=True,
        traffic=True,
    )


def _cost(history: History) -> Chart:
    def value(record: VersionRecord) -> Point | None:
        cost = record.live.cost
        label = text.trace_number(record.live, "cost")
        return None if cost is None else _point(record, cost, label)

    chosen = _points(history, value)
    return Chart("cost", "US$, mean of live traces", chosen, text.dollars, traffic=True)


def _points(history: History, value: Callable[[VersionRecord], Point | None]) -> tuple[Point, ...]:
    places = {record.commit: slot for slot, record in enumerate(slots(history))}
    points = []
    for record in reversed(history.versions):
        point = value(record) if record.commit in places else None
        if point is not None:
            points.append(replace(point, slot=places[record.commit]))
    return tuple(sorted(points, key=lambda point: (point.slot, point.dirty)))


def _point(
    record: VersionRecord,
    value: float,
    label: str,
    low: float | None = None,
    high: float | None = None,
) -> Point:
    name = text.short_version(record)
    description = "uncommitted changes" if record.dirty else record.subject
    return Point(
        0, name, record.commit, f"{name} {description}: {label}", value, low, high, record.dirty
    )


def _with_findings(chart: Chart, history: History) -> Chart:
    names = _TRAFFIC_NAMES[chart.name] if chart.traffic else (chart.name,)
    chosen = tuple(
        finding
        for finding in history.findings
        if finding.metric in names and (finding.source == "traces") == chart.traffic
    )
    return replace(chart, findings=chosen)
