"""Finds the steps in a series, with their significance, size and possible places."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from random import Random

from gitver_hooks.history.statistics.cusum import peak, reaches
from gitver_hooks.history.statistics.distributions import t_quantile
from gitver_hooks.history.statistics.series import Series, smallest_p

PERMUTATIONS = 2000
LEVEL = 0.05
# With two versions, a comparison is the right tool.
FEWEST_VERSIONS = 3

_SEED = 10
# A place is a suspect unless a change there would explain the data with less than this
# probability. A set that misses the place of 3 % of all changes misses it in at most 5 % of those
# that are found, if at least 60 % are found.
_SUSPECT_LEVEL = 0.03
_SUSPECT_PERMUTATIONS = 600
# Once so many permutations are as high as the data, the result is certain.
_ENOUGH = 100


@dataclass(frozen=True)
class Scan:
    """Whether a series changes anywhere, and where it most likely does.

    ``place`` is the index of the first version after the change, and ``smallest_p`` what ``p``
    could be at least with this amount of data.
    """

    p: float
    place: int
    smallest_p: float
    by_row: bool


@dataclass(frozen=True)
class Step:
    """One change.

    ``place`` is the index of the first version after it, ``suspects`` all places of the confidence
    set, and ``interval`` the 95 % interval of ``after - before``.
    """

    place: int
    suspects: tuple[int, ...]
    before: float
    after: float
    rows_before: int
    rows_after: int
    interval: tuple[float, float]
    p: float


def scan(series: Series, strictest: float = LEVEL, permutations: int = PERMUTATIONS) -> Scan:
    """Test whether ``series`` (at least three versions) has a step anywhere.

    The largest weighted CUSUM is compared with that of permutations of the versions, which assumes
    nothing about the noise but that unchanged versions are exchangeable: A. N. Pettitt, Applied
    Statistics 28 (1979); M. Hušková, Permutation principle in change point analysis (2004). Where
    so few versions cannot reach the level ``strictest``, their rows are permuted instead. Permuting
    stops early once ``p`` is certainly above 0.05: J. Besag and P. Clifford, Biometrika 78 (1991).
    """
    by_row = series.permutes_rows(strictest)
    floor = 1 / (permutations + 1)
    smallest = floor if by_row else max(floor, smallest_p(len(series)))
    if series.is_constant():
        return Scan(1.0, 1, smallest, by_row)
    highest = peak(series.pairs())
    heights = series.heights(Random(_SEED), by_row)
    as_high = 0
    for drawn in range(1, permutations + 1):
        as_high += reaches(next(heights), highest.height)
        if as_high == _ENOUGH:
            return Scan(as_high / drawn, highest.place, smallest, by_row)
    return Scan((as_high + 1) / (permutations + 1), highest.place, smallest, by_row)


def suspects(series: Series, by_row: bool) -> tuple[int, ...]:
    """The places of a confidence set for the one change of ``series``.

    If the change is at k, the versions before k are exchangeable, and so are those from k on. So k
    is left out if permuting both parts separately rarely gives a CUSUM as high as the data's: the
    conditional test of K. J. Worsley, Biometrika 73 (1986), by permutation, inverted.
    """
    highest = peak(series.pairs())
    generator = Random(_SEED)
    return tuple(
        place
        for place in range(1, len(series))
        if place == highest.place or _explains(series, place, highest.height, generator, by_row)
    )


def _explains(series: Series, place: int, height: float, generator: Random, by_row: bool) -> bool:
    heights = series.heights(generator, by_row, place)
    allowed = math.floor(_SUSPECT_LEVEL * _SUSPECT_PERMUTATIONS)
    as_high = 0
    for drawn in range(1, _SUSPECT_PERMUTATIONS + 1):
        as_high += reaches(next(heights), height)
        if as_high > allowed:
            return True
        # None of 150 has probability 0.01 at the level itself.
        if drawn == 150 and as_high == 0:
            return False
    return False


def steps(
    series: Series,
    level: float = LEVEL,
    strictest: float | None = None,
    permutations: int = PERMUTATIONS,
) -> list[Step]:
    """All steps of ``series`` that are significant at ``level``, in order.

    Binary segmentation: the versions before the first suspect and those after the last one are
    scanned again, each at half the level, so that false alarms stay within ``level``. What is
    permuted (see ``scan``) is chosen for the level ``strictest``, by default ``level``.
    """
    test = _Test(level, level if strictest is None else strictest, permutations)
    changes = _divide(series, 0, test, 1)
    return [_measured(series, changes, index) for index in range(len(changes))]


@dataclass(frozen=True)
class _Test:
    level: float
    strictest: float
    permutations: int


@dataclass(frozen=True)
class _Found:
    place: int
    suspects: tuple[int, ...]
    p: float
    by_row: bool


def _divide(series: Series, offset: int, test: _Test, factor: int) -> list[_Found]:
    if len(series) < FEWEST_VERSIONS:
        return []
    result = scan(series, test.strictest / factor, test.permutations)
    if result.p * factor > test.level:
        return []
    places = suspects(series, result.by_row)
    before, after = series.part(0, places[0]), series.part(places[-1], len(series))
    step = _Found(
        offset + result.place,
        tuple(offset + place for place in places),
        result.p * factor,
        result.by_row,
    )
    inner = [
        replace(found, p=max(step.p, found.p))
        for part, start in ((before, 0), (after, places[-1]))
        for found in _divide(part, offset + start, test, 2 * factor)
    ]
    return sorted([step, *inner], key=lambda found: found.place)


def _measured(series: Series, changes: Sequence[_Found], index: int) -> Step:
    """The size of a step, between its neighbours."""
    step = changes[index]
    start = changes[index - 1].place if index else 0
    stop = changes[index + 1].place if index + 1 < len(changes) else len(series)
    before, after = series.part(start, step.place), series.part(step.place, stop)
    return Step(
        step.place,
        step.suspects,
        _mean(before),
        _mean(after),
        sum(before.rows),
        sum(after.rows),
        _interval(series, start, step.place, stop, step.by_row),
        min(1.0, step.p),
    )


def _mean(series: Series) -> float:
    weights = series.weights()
    return sum(m * w for m, w in zip(series.means, weights, strict=True)) / sum(weights)


def _interval(
    series: Series, start: int, place: int, stop: int, by_row: bool
) -> tuple[float, float]:
    """Student's interval of the difference between the two parts, with a common variance.

    It takes the place as given; in simulations it still has the change in 93 to 97 % of cases.
    """
    before, after = (_units(series.part(a, b), by_row) for a, b in ((start, place), (place, stop)))
    (mean, weight, squares), (other, other_weight, other_squares) = map(_moments, (before, after))
    degrees = len(before) + len(after) - 2
    if degrees < 1:
        return (-math.inf, math.inf)
    variance = (squares + other_squares) / degrees
    margin = t_quantile(0.975, degrees) * math.sqrt(variance * (1 / weight + 1 / other_weight))
    return (other - mean - margin, other - mean + margin)


def _units(series: Series, by_row: bool) -> list[tuple[float, float]]:
    """The values, with their weights, whose spread is the noise: of versions or of rows."""
    if by_row and series.values is not None:
        return [(value, 1.0) for version in series.values for value in version]
    return list(zip(series.means, series.weights(), strict=True))


def _moments(units: Sequence[tuple[float, float]]) -> tuple[float, float, float]:
    weight = sum(w for _, w in units)
    mean = sum(v * w for v, w in units) / weight
    return mean, weight, sum(w * (v - mean) ** 2 for v, w in units)
