"""Compares the evaluated rows of two versions: their metrics, and the same inputs side by side."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from gitver_hooks.history.code_changes import CodeChanges
from gitver_hooks.history.directions import lower_is_better
from gitver_hooks.history.evaluated_rows import Row
from gitver_hooks.history.records import Resolved
from gitver_hooks.history.statistics.comparison import Comparison, compare_metrics
from gitver_hooks.registry.limits import PARAM_PREFIX

Samples = dict[str, dict[str, list[float]]]


@dataclass(frozen=True)
class Pair:
    """One input in both versions.

    ``change`` is the sum of its scores' changes, each as a share of the metric's range; negative is
    worse.
    """

    a: Row
    b: Row
    change: float


@dataclass(frozen=True)
class VersionComparison:
    """Everything that differs between A and B.

    ``params`` maps the names of the params that differ to both values, None if there is none.
    ``quality`` are the evaluation's metrics and the error rate, ``speed`` latency and cost: these
    also depend on the machine and the time of day, so they should not fail a build. ``pairs`` are
    the inputs that both have, worst first. ``subjects`` are those of the commits, and
    ``judges_differ`` names the metrics with another scorer.
    """

    a: Resolved
    b: Resolved
    code: CodeChanges
    params: Mapping[str, tuple[str | None, str | None]]
    quality: tuple[Comparison, ...]
    speed: tuple[Comparison, ...]
    pairs: tuple[Pair, ...]
    rows_a: int
    rows_b: int
    subjects: tuple[str, str] = ("", "")
    judges_differ: tuple[str, ...] = ()

    @property
    def dropped(self) -> bool:
        """Whether a quality metric is significantly worse in B."""
        return any(comparison.dropped for comparison in self.quality)

    @property
    def can_tell(self) -> bool:
        """Whether there is a quality metric, and each has enough rows to be significant at all."""
        return bool(self.quality) and all(comparison.can_tell for comparison in self.quality)


def compare_rows(
    a: Resolved,
    b: Resolved,
    code: CodeChanges,
    params: tuple[Mapping[str, str], Mapping[str, str]],
    rows: tuple[Sequence[Row], Sequence[Row]],
    subjects: tuple[str, str] = ("", ""),
) -> VersionComparison:
    """Compare the rows, params and code of the two versions."""
    before, after = map(_quality, rows)
    if any(row.failed for side in rows for row in side):
        for samples, side in zip((before, after), rows, strict=True):
            samples["errors"] = _samples((row.key, float(row.failed)) for row in side)
    names = {*before, *after}
    return VersionComparison(
        a,
        b,
        code,
        _differing(*params),
        tuple(compare_metrics(before, after, frozenset(filter(lower_is_better, names)))),
        tuple(compare_metrics(_speed(rows[0]), _speed(rows[1]), frozenset(("latency_ms", "cost")))),
        tuple(_pairs(*rows)),
        len({row.key for row in rows[0]}),
        len({row.key for row in rows[1]}),
        subjects,
        _judges_differ(*rows),
    )


def _differing(
    a: Mapping[str, str], b: Mapping[str, str]
) -> dict[str, tuple[str | None, str | None]]:
    params_a, params_b = _configured(a), _configured(b)
    return {
        name: (params_a.get(name), params_b.get(name))
        for name in sorted({*params_a, *params_b})
        if params_a.get(name) != params_b.get(name)
    }


def _configured(params: Mapping[str, str]) -> dict[str, str]:
    """The params without the prefix of those from the settings, and without bookkeeping."""
    names = {name: name.removeprefix(PARAM_PREFIX) for name in params}
    return {short: params[name] for name, short in names.items() if not short.startswith("gitver.")}


def _samples(values: Iterable[tuple[str, float | None]]) -> dict[str, list[float]]:
    samples: dict[str, list[float]] = {}
    for key, value in values:
        if value is not None:
            samples.setdefault(key, []).append(value)
    return samples


def _quality(rows: Sequence[Row]) -> Samples:
    samples: Samples = {}
    for row in rows:
        for name, value in row.scores.items():
            if value.number is not None:
                samples.setdefault(name, {}).setdefault(row.key, []).append(value.number)
    return samples


def _speed(rows: Sequence[Row]) -> Samples:
    samples = {
        "latency_ms": _samples((row.key, row.latency_ms) for row in rows),
        "cost": _samples((row.key, row.cost) for row in rows),
    }
    return {name: values for name, values in samples.items() if values}


def _judges_differ(a: Sequence[Row], b: Sequence[Row]) -> tuple[str, ...]:
    judges_a, judges_b = _judges(a), _judges(b)
    return tuple(
        name
        for name in sorted(judges_a.keys() & judges_b.keys())
        if judges_a[name] != judges_b[name]
    )


def _judges(rows: Sequence[Row]) -> dict[str, set[str]]:
    judges: dict[str, set[str]] = {}
    for row in rows:
        for name, value in row.scores.items():
            judges.setdefault(name, set()).add(value.judge)
    return judges


def _pairs(a: Sequence[Row], b: Sequence[Row]) -> list[Pair]:
    """The inputs of both, worst first; of several rows of one input, the first."""
    rows_a = {row.key: row for row in reversed(a)}
    rows_b = {row.key: row for row in reversed(b)}
    ranges = _ranges([*rows_a.values(), *rows_b.values()])
    pairs = [
        Pair(rows_a[key], rows_b[key], _change(rows_a[key], rows_b[key], ranges))
        for key in rows_a
        if key in rows_b
    ]
    return sorted(pairs, key=lambda pair: (pair.change, pair.a.key))


def _ranges(rows: Sequence[Row]) -> dict[str, float]:
    values: dict[str, list[float]] = {}
    for row in rows:
        for name, value in row.scores.items():
            if value.number is not None:
                values.setdefault(name, []).append(value.number)
    return {name: max(numbers) - min(numbers) for name, numbers in values.items()}


def _change(a: Row, b: Row, ranges: Mapping[str, float]) -> float:
    change = float(a.failed) - float(b.failed)
    for name in a.scores.keys() & b.scores.keys():
        before, after = a.scores[name].number, b.scores[name].number
        if before is not None and after is not None and ranges[name]:
            change += (after - before) / ranges[name] * (-1 if lower_is_better(name) else 1)
    return change
