"""Chooses the test that compares one metric of two versions, and corrects over metrics."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import fmean

from gitver_hooks.history.statistics.exact_tests import FISHER, MCNEMAR, fisher, mcnemar
from gitver_hooks.history.statistics.multiplicity import holm
from gitver_hooks.history.statistics.permutation_tests import Difference, sign_flip, two_samples

LEVEL = 0.05
# The tests of pass rates; the others compare means.
PASS_OR_FAIL = (MCNEMAR, FISHER)


@dataclass(frozen=True)
class Comparison:
    """One metric of two versions, A and B.

    ``rows_a`` and ``rows_b`` are the inputs with a value, ``pairs`` those used as pairs (0 if the
    samples were compared as independent). ``result`` is None if one of them has no values.
    ``p`` is the result's, corrected over the metrics (Holm); ``can_tell`` is False if no outcome
    of so few rows could be significant.
    """

    metric: str
    rows_a: int
    rows_b: int
    pairs: int
    mean_a: float | None
    mean_b: float | None
    result: Difference | None
    p: float | None
    can_tell: bool
    higher_is_better: bool = True

    @property
    def significant(self) -> bool:
        """Whether p is below the level, after the correction."""
        return self.p is not None and self.p < LEVEL

    @property
    def dropped(self) -> bool:
        """Whether B is significantly worse than A."""
        if not self.significant or self.result is None:
            return False
        return (self.result.difference < 0) == self.higher_is_better


def compare_metrics(
    before: Mapping[str, Mapping[str, Sequence[float]]],
    after: Mapping[str, Mapping[str, Sequence[float]]],
    lower_is_better: frozenset[str] = frozenset(),
) -> list[Comparison]:
    """Compare all metrics of A (``before``) and B (``after``), by name.

    Each metric maps an input's key to its values; several values of one input are averaged.
    Metrics that could not be significant whatever their values do not count for the correction
    (R. E. Tarone, Biometrics 46 (1990)).
    """
    compared = [
        _compare(name, before.get(name, {}), after.get(name, {}), name not in lower_is_better)
        for name in sorted({*before, *after})
    ]
    tested = [c for c in compared if c.result is not None and c.result.smallest_p < LEVEL]
    adjusted = dict(
        zip(
            (c.metric for c in tested),
            holm([c.result.p for c in tested if c.result is not None]),
            strict=True,
        )
    )
    return [_corrected(comparison, adjusted, len(tested)) for comparison in compared]


def _corrected(comparison: Comparison, adjusted: Mapping[str, float], tested: int) -> Comparison:
    """The comparison with its p after the correction over ``tested`` metrics."""
    if comparison.result is None:
        return comparison
    p = adjusted.get(comparison.metric, comparison.result.p)
    # Holm's factor for the smallest p is the number of metrics; for the others it is smaller.
    could_be_significant = comparison.result.smallest_p * max(1, tested) < LEVEL
    return replace(comparison, p=p, can_tell=could_be_significant or p < LEVEL)


def _compare(
    metric: str,
    before: Mapping[str, Sequence[float]],
    after: Mapping[str, Sequence[float]],
    higher_is_better: bool,
) -> Comparison:
    a, b = _means(before), _means(after)
    pairs = _inputs_to_pair(a, b)
    if pairs:
        a, b = {key: a[key] for key in pairs}, {key: b[key] for key in pairs}
    test = _paired if pairs else _independent
    result = test(list(a.values()), list(b.values())) if a and b else None
    return Comparison(
        metric,
        len(a),
        len(b),
        len(pairs),
        fmean(a.values()) if a else None,
        fmean(b.values()) if b else None,
        result,
        None if result is None else result.p,
        can_tell=False,
        higher_is_better=higher_is_better,
    )


def _means(values_of_inputs: Mapping[str, Sequence[float]]) -> dict[str, float]:
    return {key: fmean(values) for key, values in values_of_inputs.items() if values}


def _inputs_to_pair(a: Mapping[str, float], b: Mapping[str, float]) -> list[str]:
    """The inputs that both have; none if pairing them would leave out too much."""
    shared = sorted(a.keys() & b.keys())
    # Other inputs may be harder, so independent samples are the last resort.
    return shared if 2 * len(shared) >= min(len(a), len(b)) else []


def _paired(a: Sequence[float], b: Sequence[float]) -> Difference:
    if _pass_or_fail([*a, *b]):
        worse = sum(x > y for x, y in zip(a, b, strict=True))
        better = sum(x < y for x, y in zip(a, b, strict=True))
        return mcnemar(len(a), worse, better)
    return sign_flip([y - x for x, y in zip(a, b, strict=True)])


def _independent(a: Sequence[float], b: Sequence[float]) -> Difference:
    if _pass_or_fail([*a, *b]):
        return fisher(round(sum(a)), len(a), round(sum(b)), len(b))
    return two_samples(a, b)


def _pass_or_fail(values: Sequence[float]) -> bool:
    return all(value in (0.0, 1.0) for value in values)
