"""Compares the means of two samples of numbers by permutation, with intervals that agree."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from random import Random

_SEED = 10
# Up to so many relabellings all of them are tried, otherwise this many random ones.
_MOST_EXACT = 2**13
_DRAWS = 9_999
# Sums of the same numbers in another order differ by rounding.
_ROUNDING = 1e-12


@dataclass(frozen=True)
class Difference:
    """The outcome of one test of B against A.

    ``interval`` is the 95 % interval of the difference B - A; it excludes 0 where ``p`` is under
    0.05. ``smallest_p`` is what ``p`` could be at least with this amount of data.
    """

    test: str
    difference: float
    interval: tuple[float, float]
    p: float
    smallest_p: float


def sign_flip(differences: Sequence[float]) -> Difference:
    """Test whether paired differences are as likely positive as negative.

    The signs are flipped at random, or in all 2^n ways for up to 13 pairs: R. A. Fisher, The
    Design of Experiments (1935), section 21. The interval consists of the shifts that the test
    does not reject, which are bounded by means of subsets: J. A. Hartigan, Using subsample values
    as typical values, J. Amer. Statist. Assoc. 64 (1969).
    """
    count = len(differences)
    exact = 2**count <= _MOST_EXACT
    subsets = _all_subsets(differences) if exact else _random_subsets(differences)
    typical = sorted(total / size for total, size in subsets if size)
    name = "exact sign-flip permutation" if exact else "sign-flip permutation"
    others = 2**count - 1 if exact else _DRAWS
    p, interval = _from_typical_values(typical, others, _scale(differences))
    return Difference(name, sum(differences) / count, interval, p, 2.0 ** (1 - count))


def two_samples(before: Sequence[float], after: Sequence[float]) -> Difference:
    """Test whether two independent samples come from one distribution, by their means.

    The values are exchanged between the samples at random, or in all ways if these are few: E. J.
    G. Pitman, Suppl. J. Roy. Statist. Soc. 4 (1937). Shifting one sample by d changes the
    difference of each relabelling linearly, so the shifts that are not rejected are bounded by the
    differences between the exchanged values: P. H. Garthwaite, Biometrics 52 (1996).
    """
    ways = math.comb(len(before) + len(after), len(after))
    exact = ways <= _MOST_EXACT
    exchanged = _all_exchanges(before, after) if exact else _random_exchanges(before, after)
    typical = sorted(exchanged)
    name = "exact permutation" if exact else "permutation"
    others = ways - 1 if exact else _DRAWS
    p, interval = _from_typical_values(typical, others, _scale([*before, *after]))
    difference = sum(after) / len(after) - sum(before) / len(before)
    return Difference(name, difference, interval, p, min(1.0, 2 / ways))


def _from_typical_values(
    typical: Sequence[float], others: int, scale: float
) -> tuple[float, tuple[float, float]]:
    """p and the interval from the sorted shifts at which each relabelling equals the data.

    ``others`` is the number of relabellings tried beside the data; those that change nothing are
    not among ``typical``, as they equal the data at every shift.
    """
    same = 1 + others - len(typical)
    slack = _ROUNDING * scale
    low = same + sum(value <= slack for value in typical)
    high = same + sum(value >= -slack for value in typical)
    p = min(1.0, 2 * min(low, high) / (1 + others))
    # A shift is rejected if fewer than 2.5 % of the relabellings are beyond the data.
    rank = math.ceil(0.025 * (1 + others) - 1e-9) - same
    if rank < 1 or rank > len(typical):
        return p, (-math.inf, math.inf)
    return p, (typical[rank - 1], typical[-rank])


def _scale(values: Sequence[float]) -> float:
    return max(map(abs, values), default=0.0)


def _all_subsets(values: Sequence[float]) -> list[tuple[float, int]]:
    subsets = [(0.0, 0)]
    for value in values:
        subsets += [(total + value, size + 1) for total, size in subsets]
    return subsets


def _random_subsets(values: Sequence[float]) -> Iterator[tuple[float, int]]:
    generator = Random(_SEED)
    # All subsets of each eight values, so that one random byte chooses among them.
    tables = [_all_subsets(values[start : start + 8]) for start in range(0, len(values), 8)]
    masks = [len(table) - 1 for table in tables]
    for _ in range(_DRAWS):
        total, size = 0.0, 0
        for table, mask, byte in zip(tables, masks, generator.randbytes(len(tables)), strict=True):
            subset = table[byte & mask]
            total += subset[0]
            size += subset[1]
        yield total, size


def _all_exchanges(before: Sequence[float], after: Sequence[float]) -> Iterator[float]:
    for size in range(1, min(len(before), len(after)) + 1):
        given = [sum(chosen) / size for chosen in combinations(before, size)]
        for taken in combinations(after, size):
            mean = sum(taken) / size
            yield from (mean - other for other in given)


def _random_exchanges(before: Sequence[float], after: Sequence[float]) -> Iterator[float]:
    generator = Random(_SEED)
    # The imaginary parts count the values that come from the second sample.
    values = [complex(value) for value in before] + [complex(value, 1) for value in after]
    own = sum(before)
    for _ in range(_DRAWS):
        first = sum(generator.sample(values, len(before)))
        if first.imag:
            yield (first.real - own) / first.imag
