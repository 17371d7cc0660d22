"""Finds what changed in a history, and where, by testing each of its metrics."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

from gitver_hooks.history.directions import lower_is_better
from gitver_hooks.history.measurements import Measurements, all_measurements
from gitver_hooks.history.records import Finding, History
from gitver_hooks.history.statistics.change_points import FEWEST_VERSIONS, LEVEL, Step, scan, steps
from gitver_hooks.history.statistics.multiplicity import holm
from gitver_hooks.history.statistics.series import smallest_p

# exp() overflows beyond 709.
_LARGEST = 600.0


def findings(history: History) -> list[Finding]:
    """The changes in ``history``, and the metrics with too little data to tell.

    Looks at the clean versions of the first-parent history, for each evaluation metric and kind of
    feedback, the error rate, latency and cost. The probability of any false alarm at all is at
    most 5 % (Holm's correction). The same history always gives the same findings.
    """
    commits = _mainline(history)
    everything = all_measurements(history)
    testable = [measurements for measurements in everything if not _missing(measurements, 1)]
    strictest = LEVEL / max(1, len(testable))
    tested = [
        measurements for measurements in testable if not _missing(measurements, len(testable))
    ]
    result = [
        _too_little(measurements, len(testable))
        for measurements in everything
        if measurements not in tested
    ]
    raw = [scan(measurements.series, strictest).p for measurements in tested]
    for measurements, p, adjusted in zip(tested, raw, holm(raw), strict=True):
        if adjusted > LEVEL:
            continue
        factor = max(1.0, adjusted / p)
        result += [
            _finding(measurements, step, factor, commits)
            for step in steps(measurements.series, LEVEL / factor, strictest)
        ]
    return result


def _mainline(history: History) -> list[str]:
    """The commits of the first-parent history, oldest first."""
    commits = {record.commit: None for record in history if record.mainline}
    return list(reversed(commits))


def _missing(measurements: Measurements, metrics: int) -> str:
    """Why there is too little data to find a change of one of so many metrics, or ''."""
    count, level = len(measurements.series), LEVEL / metrics
    if measurements.series.values is not None:
        needed = FEWEST_VERSIONS
    else:
        needed = next(
            versions_needed
            for versions_needed in range(FEWEST_VERSIONS, 100)
            if smallest_p(versions_needed) <= level
        )
    if count >= needed:
        return ""
    versions = "1 version has" if count == 1 else f"{count} versions have"
    return f"too little data to tell ({versions} it, at least {needed} are needed)"


def _too_little(measurements: Measurements, metrics: int) -> Finding:
    note = _missing(measurements, 1) or _missing(measurements, metrics)
    return Finding(
        measurements.metric,
        kind="too little data",
        source=measurements.source,
        unit=measurements.unit,
        note=note,
    )


def _finding(
    measurements: Measurements, step: Step, factor: float, commits: Sequence[str]
) -> Finding:
    before, after, (low, high) = step.before, step.after, step.interval
    if measurements.logarithmic:
        before, after = math.exp(before), math.exp(after)
        low, high = (before * math.expm1(min(end, _LARGEST)) for end in (low, high))
    return Finding(
        measurements.metric,
        source=measurements.source,
        unit=measurements.unit,
        commit=measurements.commits[step.place],
        suspects=_suspects(measurements.commits, step, commits),
        before=before,
        after=after,
        rows_before=step.rows_before,
        rows_after=step.rows_after,
        interval=(low, high) if math.isfinite(high - low) else None,
        p=min(1.0, step.p * factor),
        better=(after > before) != lower_is_better(measurements.metric),
        cause=_cause(measurements, step),
    )


def _suspects(evaluated: Sequence[str], step: Step, commits: Sequence[str]) -> tuple[str, ...]:
    """The commits after the last version before each possible place, up to the first one after."""
    place_of = {commit: index for index, commit in enumerate(commits)}
    suspects: dict[int, None] = {}
    for place in step.suspects:
        earliest = place_of[evaluated[place - 1]] + 1
        suspects.update(dict.fromkeys(range(earliest, place_of[evaluated[place]] + 1)))
    return tuple(commits[index] for index in sorted(suspects))


def _cause(measurements: Measurements, step: Step) -> Literal["app", "judge", "unknown"]:
    """Whether the scorer changed at one of the possible places, as far as MLflow recorded it."""
    if measurements.source == "traces":
        return "app"
    around = [(measurements.judges[p - 1], measurements.judges[p]) for p in step.suspects]
    if any(before and after and before != after for before, after in around):
        return "judge"
    if all(before and after for before, after in around):
        return "app"
    return "unknown"
