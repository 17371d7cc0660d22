"""Computes percentiles of live traces' latencies from percentiles of all traces.

A server knows only the latter; the traces of evaluations have been read one by one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

# Ranks asked for beside the expected one. Each costs the store a sort, each request a scan.
_MARGIN = 2


@dataclass(frozen=True)
class AllLatencies:
    """The number of traces with a latency, and the latencies (ms) of evaluations.

    There are fewer evaluated latencies than ``count``.
    """

    count: int
    evaluated: Sequence[float]

    @property
    def live(self) -> int:
        """The number of live traces with a latency."""
        return self.count - len(self.evaluated)


def live_percentiles(
    latencies: AllLatencies,
    shares: Sequence[float],
    ask: Callable[[Sequence[int]], Mapping[int, float] | None],
) -> list[float] | None:
    """The latency (ms) below which each share of the live traces lies, linearly interpolated.

    ``ask`` returns the latencies at 0-based ranks of all sorted ones, or None if the server cannot
    tell; then the result is None as well.
    """
    positions = [share * (latencies.live - 1) for share in shares]
    ranks = {rank for position in positions for rank in _neighbours(position, latencies)}
    latency_by_rank = _asked(latencies, ranks, ask)
    if latency_by_rank is None:
        return None
    live_latency_by_rank = {
        rank: _rounded(latency_by_rank[_place(latency_by_rank, rank, latencies)]) for rank in ranks
    }
    return [_between(live_latency_by_rank, position, latencies) for position in positions]


def _asked(
    latencies: AllLatencies,
    ranks: Iterable[int],
    ask: Callable[[Sequence[int]], Mapping[int, float] | None],
) -> dict[int, float] | None:
    """Enough latencies, by rank among all, to find the live ones of those ``ranks``."""
    latency_by_rank: dict[int, float] = {}
    wanted = {near for rank in ranks for near in _first_guess(rank, latencies)}
    while wanted:
        answer = ask(sorted(wanted))
        if answer is None:
            return None
        latency_by_rank.update(answer)
        missing = {
            _place(latency_by_rank, rank, latencies) for rank in ranks
        } - latency_by_rank.keys()
        wanted = {
            near for rank in missing for near in _next_guess(rank, latencies)
        } - latency_by_rank.keys()
    return latency_by_rank


def _neighbours(position: float, latencies: AllLatencies) -> tuple[int, int]:
    below = int(position)
    return below, min(below + 1, latencies.live - 1)


def _between(value: Mapping[int, float], position: float, latencies: AllLatencies) -> float:
    below, above = _neighbours(position, latencies)
    return value[below] + (position - below) * (value[above] - value[below])


def _first_guess(rank: int, latencies: AllLatencies) -> list[int]:
    """The ranks among all latencies at which the live one of that rank is first looked for.

    It is exactly there if the latencies of evaluations are spread as those of live traces are.
    """
    evaluated = len(latencies.evaluated)
    expected = rank + round(evaluated * rank / max(1, latencies.live - 1))
    near = range(max(rank, expected - _MARGIN), min(rank + evaluated, expected + _MARGIN) + 1)
    return [rank, *near]


def _next_guess(rank: int, latencies: AllLatencies) -> range:
    return range(rank, min(rank + _MARGIN, latencies.count - 1) + 1)


def _place(latency_by_rank: Mapping[int, float], rank: int, latencies: AllLatencies) -> int:
    """The rank among all latencies of the live one of that rank, or the first unknown one.

    Each evaluated latency up to the live one moves it one rank up; of equal ones, the evaluated
    count first. So the rank can only grow, and by no more than there are evaluated ones.
    """
    at = rank
    while at in latency_by_rank:
        value = _rounded(latency_by_rank[at])
        settled = rank + sum(latency <= value for latency in latencies.evaluated)
        if settled <= at:
            return at
        at = settled
    return at


def _rounded(latency: float) -> float:
    # Interpolation leaves an error in the 10th digit; latencies are whole milliseconds.
    return float(round(latency))
