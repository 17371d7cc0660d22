"""Computes the weighted CUSUM of a series: how much the means before and after a place differ."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from operator import mul
from random import Random

# Heights that differ by rounding alone are equal.
_ROUNDING = 1e-9

# One value and its weight in the sums.
Pair = tuple[float, float]


@dataclass(frozen=True)
class Peak:
    """The largest height of a series' CUSUM, and its place: the index of the first value after."""

    height: float
    place: int


def centred(values: Sequence[float], weights: Sequence[float]) -> list[Pair]:
    """Each value's weighted deviation from the weighted mean, with its weight."""
    mean = sum(map(mul, values, weights)) / sum(weights)
    return [((v - mean) * w, w) for v, w in zip(values, weights, strict=True)]


def peak(pairs: Sequence[Pair]) -> Peak:
    """The highest place of the CUSUM of ``centred`` pairs; of equal heights, the first."""
    heights = list(map(mul, _sums(pairs), _factors([w for _, w in pairs])))
    highest = max(heights)
    place = next(i for i, h in enumerate(heights) if reaches(h, highest))
    return Peak(highest, place + 1)


def reaches(height: float, other: float) -> bool:
    """Whether ``height`` is at least ``other``, up to rounding."""
    return height >= other * (1 - _ROUNDING) - 1e-15


def permuted_heights(
    pairs: Sequence[Pair], generator: Random, start: int | None = None
) -> Iterator[float]:
    """The heights of random permutations of the pairs, endlessly.

    With ``start``, the pairs before it and those from it on are permuted separately.
    """
    before, after = list(pairs[:start]), list(pairs[start:]) if start else []
    weights = [w for _, w in pairs]
    if max(weights) - min(weights) <= _ROUNDING * max(weights):
        factors = _factors(weights)
        left, right = [d for d, _ in before], [d for d, _ in after]
        while True:
            generator.shuffle(left)
            generator.shuffle(right)
            yield max(map(mul, map(abs, accumulate(left + right)), factors))
    while True:
        generator.shuffle(before)
        generator.shuffle(after)
        shuffled = before + after
        yield max(map(mul, _sums(shuffled), _factors([w for _, w in shuffled])))


def heights_of_rows(
    before: Sequence[float],
    after: Sequence[float],
    sizes: Sequence[int],
    weights: Sequence[float],
    generator: Random,
) -> Iterator[float]:
    """The heights after permuting rows, endlessly: those of ``before`` and ``after`` separately.

    ``sizes`` are the numbers of rows of the versions, which are told apart by their order.
    """
    left, right = list(before), list(after)
    ends = list(accumulate(sizes))
    slices = [slice(end - size, end) for end, size in zip(ends, sizes, strict=True)]
    shares = [weight / size for weight, size in zip(weights, sizes, strict=True)]
    factors, total = _factors(weights), sum(weights)
    while True:
        generator.shuffle(left)
        generator.shuffle(right)
        rows = left + right
        sums = [sum(rows[part]) * share for part, share in zip(slices, shares, strict=True)]
        mean = sum(sums) / total
        deviations = [s - mean * w for s, w in zip(sums, weights, strict=True)]
        yield max(map(mul, map(abs, accumulate(deviations)), factors))


def _sums(pairs: Sequence[Pair]) -> Iterator[float]:
    return map(abs, accumulate([d for d, _ in pairs]))


def _factors(weights: Sequence[float]) -> list[float]:
    """The factors of all partial sums but the last (which is 0): (t (1 - t)) ** -1/4.

    t is the share of the weight before the place. The exponent lies between that of the plain
    CUSUM (0), which is weak near the ends, and that of the likelihood ratio (-1/2), which is weak
    in the middle: M. Csörgő and L. Horváth, Limit Theorems in Change-Point Analysis (1997), ch. 2.
    """
    total = sum(weights)
    shares = [a / total for a in accumulate(weights)][:-1]
    return [(t * (1 - t)) ** -0.25 for t in shares]
