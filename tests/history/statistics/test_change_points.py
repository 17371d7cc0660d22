"""The scan for steps: which it finds, which it does not, and where it places them."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.simulations import Simulation, simulate

from gitver_hooks.history.statistics.change_points import scan, steps, suspects
from gitver_hooks.history.statistics.cusum import centred, peak
from gitver_hooks.history.statistics.series import Series, smallest_p

STEP = Series((0.9,) * 6 + (0.5,) * 6, (10,) * 12)


def series(*means: float, rows: int = 10) -> Series:
    return Series(means, (rows,) * len(means))


def test_a_clear_step_is_found_at_its_place() -> None:
    (step,) = steps(STEP)
    assert step.place == 6
    assert {6} <= set(step.suspects) <= {4, 5, 6, 7, 8}
    assert (step.before, step.after) == pytest.approx((0.9, 0.5))
    assert (step.rows_before, step.rows_after) == (60, 60)
    assert step.p < 0.01
    assert step.interval == pytest.approx((-0.4, -0.4))


def test_the_same_data_gives_the_same_answer() -> None:
    noisy = simulate(Simulation(20, 10, drop=0.3, at=10), Random(1))
    assert steps(noisy) == steps(noisy)


def test_a_constant_series_has_no_step() -> None:
    assert steps(series(*[0.8] * 20)) == []
    assert scan(series(*[0.8] * 20)).p == 1


def test_seven_versions_without_rows_cannot_be_significant() -> None:
    seven = series(1, 1, 1, 0, 0, 0, 0)
    assert scan(seven).smallest_p == pytest.approx(2 / 35)
    assert steps(seven) == []
    assert smallest_p(7) > 0.05 > smallest_p(8)
    assert steps(series(1, 1, 1, 1, 0, 0, 0, 0)) != []


def test_few_versions_are_compared_by_their_rows() -> None:
    good, bad = (1.0,) * 18 + (0.0,) * 2, (1.0,) * 8 + (0.0,) * 12
    values = (good, good, bad, bad)
    (step,) = steps(Series((0.9, 0.9, 0.4, 0.4), (20,) * 4, values))
    assert step.place == 2
    assert step.interval[1] < 0


def test_more_rows_than_can_be_permuted_in_time_are_grouped() -> None:
    good, bad = (1.0, 1.0, 1.0, 0.0) * 500, (1.0, 0.0) * 1000
    found = steps(Series((0.75, 0.75, 0.5, 0.5), (2000,) * 4, (good, good, bad, bad)))
    assert [step.place for step in found] == [2]


def test_two_steps_are_both_found() -> None:
    generator = Random(3)
    means = [0.9] * 12 + [0.5] * 12 + [0.1] * 12
    noisy = series(*[mean + generator.gauss(0, 0.04) for mean in means])
    found = steps(noisy)
    assert [step.place for step in found] == [12, 24]
    assert [round(step.after - step.before, 1) for step in found] == [-0.4, -0.4]


def test_a_large_version_counts_at_most_twice_as_much_as_a_typical_one() -> None:
    assert Series((1, 1, 1), (10, 10, 100_000)).weights() == pytest.approx([0.5, 0.5, 1], rel=1e-3)


def test_one_outlier_with_many_rows_is_not_a_step() -> None:
    generator = Random(8)
    means = [0.8 + generator.gauss(0, 0.03) for _ in range(20)]
    means[9] = 0.5
    assert steps(Series(tuple(means), (10,) * 9 + (5000,) + (10,) * 10)) == []


def test_a_clear_step_has_few_suspects_and_a_doubtful_one_many() -> None:
    clear = simulate(Simulation(30, 50, drop=0.4, at=15), Random(2))
    doubtful = simulate(Simulation(30, 10, drop=0.1, at=15), Random(3))
    assert len(suspects(clear, False)) < len(suspects(doubtful, False))
    assert 15 in suspects(doubtful, False)


@settings(max_examples=20, deadline=None)
@given(st.lists(st.floats(-10, 10), min_size=3, max_size=20), st.floats(0.1, 10), st.floats(-5, 5))
def test_scale_and_origin_do_not_matter(means: list[float], scale: float, origin: float) -> None:
    rounded = [round(mean, 3) for mean in means]
    moved = [scale * mean + origin for mean in rounded]
    assert scan(series(*rounded), permutations=50).p == scan(series(*moved), permutations=50).p


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(0, 5), min_size=3, max_size=20))
def test_the_peak_of_a_reversed_series_is_as_high(means: list[int]) -> None:
    weights = [1.0] * len(means)
    forwards = peak(centred(means, weights))
    backwards = peak(centred(means[::-1], weights))
    assert forwards.height == pytest.approx(backwards.height)


@settings(max_examples=5, deadline=None)
@given(st.randoms(use_true_random=False), st.integers(4, 7))
def test_the_order_of_the_rows_in_a_version_hardly_matters(random: Random, versions: int) -> None:
    values = [[float(random.random() < 0.7) for _ in range(10)] for _ in range(versions)]
    means = tuple(sum(row) / 10 for row in values)
    first = scan(Series(means, (10,) * versions, tuple(map(tuple, values))))
    for row in values:
        random.shuffle(row)
    second = scan(Series(means, (10,) * versions, tuple(map(tuple, values))))
    assert first.place == second.place
    assert first.p == pytest.approx(second.p, abs=0.15)


@settings(max_examples=5, deadline=None)
@given(st.integers(0, 1000))
def test_a_larger_drop_is_never_less_significant(seed: int) -> None:
    generator = Random(seed)
    noise = [generator.gauss(0, 0.05) for _ in range(16)]

    def p_of(drop: float) -> float:
        means = [n + (0 if i < 8 else -drop) for i, n in enumerate(noise)]
        return scan(series(*means)).p

    assert p_of(0.6) <= p_of(0.2) + 0.01
