"""Percentiles of live traces, computed from those of all traces."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitver_hooks.history.live_percentiles import AllLatencies, live_percentiles
from gitver_hooks.history.numbers import percentile

latencies = st.lists(st.integers(0, 40), max_size=60)
SHARES = (0.0, 0.5, 0.95, 1.0)


class Store:
    """Sorted latencies that can be asked for by rank, as a server's percentiles can."""

    def __init__(self, latencies: Sequence[float]) -> None:
        self.asked: list[int] = []
        self.requests = 0
        self._ordered = sorted(latencies)

    def __call__(self, ranks: Sequence[int]) -> Mapping[int, float] | None:
        self.asked += ranks
        self.requests += 1
        # Interpolated by a server, they are not exactly whole numbers.
        return {rank: self._ordered[rank] - 1e-10 for rank in ranks}


@given(latencies.filter(bool), latencies)
def test_they_equal_those_of_the_live_traces(live: list[int], evaluated: list[int]) -> None:
    store = Store([*map(float, live), *map(float, evaluated)])
    everything = AllLatencies(len(live) + len(evaluated), [float(v) for v in evaluated])
    found = live_percentiles(everything, SHARES, store)
    ordered = sorted(map(float, live))
    assert found == pytest.approx([percentile(ordered, share) for share in SHARES])
    assert len(store.asked) == len(set(store.asked))


def test_a_few_of_the_latencies_tell_them_all() -> None:
    live, evaluated = range(0, 20_000, 2), [*range(1, 20_000, 40)]
    store = Store([*map(float, live), *map(float, evaluated)])
    everything = AllLatencies(len(live) + len(evaluated), [float(v) for v in evaluated])
    found = live_percentiles(everything, (0.5, 0.95), store)
    assert found == [percentile(live, 0.5), percentile(live, 0.95)]
    assert store.requests <= 2
    assert len(store.asked) <= 40


def test_a_server_that_cannot_tell_gives_none() -> None:
    assert live_percentiles(AllLatencies(3, []), SHARES, lambda ranks: None) is None
