"""Compares two pass rates exactly: McNemar's test for pairs, Fisher's for independent samples."""

from __future__ import annotations

import math
from collections.abc import Callable
from random import Random

from gitver_hooks.history.statistics.permutation_tests import Difference

MCNEMAR, FISHER = "exact McNemar", "exact Fisher"

_SEED = 10
_DRAWS = 3_999


def mcnemar(pairs: int, worse: int, better: int) -> Difference:
    """Test ``pairs`` inputs, of which ``worse`` pass only in A and ``better`` only in B.

    Exact: twice the smaller binomial tail (Q. McNemar, Psychometrika 12 (1947)). The interval is
    the melded one of M. P. Fay and K. Lumbard, Confidence intervals for difference in proportions
    for matched pairs compatible with exact McNemar's or sign tests, Statistics in Medicine 40
    (2021), with the share of unequal pairs taken at its far end.
    """
    unequal = worse + better
    p = min(1.0, 2 * _binomial_tail(min(worse, better), unequal))
    low_share, high_share = _confidence(unequal, pairs)
    low_better, high_better = _confidence(better, unequal)

    def low(generator: Random) -> float:
        advantage = 2 * low_better(generator) - 1
        return advantage * (low_share if advantage > 0 else high_share)(generator)

    def high(generator: Random) -> float:
        advantage = 2 * high_better(generator) - 1
        return advantage * (high_share if advantage > 0 else low_share)(generator)

    difference = (better - worse) / pairs
    interval = _agreeing(_melded(low, high), difference, p)
    return Difference(MCNEMAR, difference, interval, p, min(1.0, 2.0 ** (1 - pairs)))


def fisher(passed_before: int, rows_before: int, passed_after: int, rows_after: int) -> Difference:
    """Test two independent pass rates.

    Exact and central: twice the smaller hypergeometric tail (R. A. Fisher, 1935), with the melded
    interval that agrees with it: M. P. Fay, M. A. Proschan and E. Brittain, Combining one-sample
    confidence procedures for inference in the two-sample case, Biometrics 71 (2015).
    """
    passed, rows = passed_before + passed_after, rows_before + rows_after
    up = _hypergeometric(range(passed_after, rows_after + 1), passed, rows, rows_after)
    down = _hypergeometric(range(passed_after + 1), passed, rows, rows_after)
    p = min(1.0, 2 * min(up, down))
    low_before, high_before = _confidence(passed_before, rows_before)
    low_after, high_after = _confidence(passed_after, rows_after)
    melded = _melded(
        lambda generator: low_after(generator) - high_before(generator),
        lambda generator: high_after(generator) - low_before(generator),
    )
    difference = passed_after / rows_after - passed_before / rows_before
    smallest = min(1.0, 2 / math.comb(rows, rows_after))
    return Difference(FISHER, difference, _agreeing(melded, difference, p), p, smallest)


Draw = Callable[[Random], float]


def _confidence(successes: int, trials: int) -> tuple[Draw, Draw]:
    """Draws from the lower and upper confidence distribution of a share (Clopper-Pearson)."""
    failures = trials - successes

    def lower(generator: Random) -> float:
        return generator.betavariate(successes, failures + 1) if successes else 0.0

    def upper(generator: Random) -> float:
        return generator.betavariate(successes + 1, failures) if failures else 1.0

    return lower, upper


def _melded(low: Draw, high: Draw) -> tuple[float, float]:
    rank = round(0.025 * (_DRAWS + 1))
    generator = Random(_SEED)
    lows = sorted(low(generator) for _ in range(_DRAWS))
    highs = sorted(high(generator) for _ in range(_DRAWS))
    return lows[rank - 1], highs[-rank]


def _agreeing(interval: tuple[float, float], difference: float, p: float) -> tuple[float, float]:
    """The interval without the error of drawing: it excludes 0 exactly if p is under 0.05."""
    low, high = interval
    if p >= 0.05:
        return min(low, 0.0), max(high, 0.0)
    tiny = 1e-9
    return (max(low, tiny), high) if difference > 0 else (low, min(high, -tiny))


def _binomial_tail(count: int, trials: int) -> float:
    """The probability of at most ``count`` heads in fair tosses."""
    ways = sum(math.comb(trials, k) for k in range(count + 1))
    return ways / (1 << trials)


def _hypergeometric(counts: range, passed: int, rows: int, drawn: int) -> float:
    """The probability that ``drawn`` of ``rows`` contain one of ``counts`` of the ``passed``."""
    ways = sum(
        math.comb(passed, k) * math.comb(rows - passed, drawn - k) for k in counts if k <= drawn
    )
    return ways / math.comb(rows, drawn)
