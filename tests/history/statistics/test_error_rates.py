"""How often the statistics raise a false alarm and how often they find a change, by simulation.

The long tests print the figures that docs/history.md has::

    pytest -m long -s tests/history/statistics/test_error_rates.py
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from random import Random

import pytest
from support.simulations import Simulation, input_rates, simulate

from gitver_hooks.history.statistics.change_points import steps
from gitver_hooks.history.statistics.exact_tests import fisher, mcnemar
from gitver_hooks.history.statistics.permutation_tests import Difference, sign_flip, two_samples

ROWS = (5, 10, 20, 50)
DROP = Simulation(30, 10, drop=0.2)


def unchanged(rows: int, generator: Random) -> Simulation:
    """A random history without a change: 6 to 40 versions, with and without jitter."""
    return Simulation(
        versions=generator.randint(6, 40),
        rows=rows,
        rate=generator.choice((0.5, 0.7, 0.8, 0.9)),
        varied=generator.random() < 2 / 3,
        jitter=generator.choice((0.0, 0.03, 0.06)),
        unequal=generator.random() < 1 / 2,
        at=1_000,
    )


def false_alarms(rows: int, count: int) -> int:
    """In how many of ``count`` unchanged histories a step is found."""
    generator = Random(rows)
    return sum(bool(steps(simulate(unchanged(rows, generator), generator))) for _ in range(count))


def drops(count: int, **changes: object) -> tuple[int, int, int, int, int]:
    """Of ``count`` histories with a drop in their middle third: how many are found, have the
    true place among the suspects, at most one version from the most likely place, and the true
    size in the interval; and the number of all suspects."""
    generator = Random(1)
    found = covered = near = sized = total = 0
    for _ in range(count):
        simulation = Simulation(**{**vars(DROP), **changes})
        third = simulation.versions // 3
        simulation = Simulation(**{**vars(simulation), "at": generator.randint(third, 2 * third)})
        series = simulate(simulation, generator)
        result = steps(series)
        if not result:
            continue
        found += 1
        covered += any(simulation.at in step.suspects for step in result)
        near += any(abs(step.place - simulation.at) <= 1 for step in result)
        sized += any(s.interval[0] <= -simulation.drop <= s.interval[1] for s in result)
        total += sum(len(step.suspects) for step in result)
    return found, covered, near, sized, total


def alike(rows: int, generator: Random) -> tuple[list[float], list[float]]:
    """Two evaluations of the same code: yes or no on the same inputs."""
    rates = input_rates(rows, generator.choice((0.5, 0.7, 0.9)), True, generator)
    first, second = ([float(generator.random() < rate) for rate in rates] for _ in range(2))
    return first, second


def with_marks(values: Iterable[float], generator: Random) -> list[float]:
    """The same with marks instead of yes and no."""
    return [value / 2 + generator.betavariate(2, 1) / 2 for value in values]


def by_mcnemar(a: list[float], b: list[float], _: Random) -> Difference:
    pairs = list(zip(a, b, strict=True))
    return mcnemar(len(a), sum(x > y for x, y in pairs), sum(x < y for x, y in pairs))


def by_fisher(a: list[float], b: list[float], _: Random) -> Difference:
    return fisher(round(sum(a)), len(a), round(sum(b)), len(b))


def by_sign_flip(a: list[float], b: list[float], generator: Random) -> Difference:
    marks_a, marks_b = with_marks(a, generator), with_marks(b, generator)
    return sign_flip([y - x for x, y in zip(marks_a, marks_b, strict=True)])


def by_permutation(a: list[float], b: list[float], generator: Random) -> Difference:
    return two_samples(with_marks(a, generator), with_marks(b, generator))


TESTS: list[Callable[[list[float], list[float], Random], Difference]] = [
    by_mcnemar,
    by_fisher,
    by_sign_flip,
    by_permutation,
]


@pytest.mark.parametrize("rows", ROWS)
def test_unchanged_histories_rarely_give_an_alarm(rows: int) -> None:
    assert false_alarms(rows, 25) <= 4


def test_most_drops_are_found_with_the_true_place_among_the_suspects() -> None:
    found, covered, *_ = drops(20)
    assert found >= 16
    assert covered >= found - 3


@pytest.mark.parametrize("compare", TESTS)
def test_unchanged_code_rarely_compares_as_changed(
    compare: Callable[[list[float], list[float], Random], Difference],
) -> None:
    generator = Random(2)
    results = [compare(*alike(10, generator), generator) for _ in range(20)]
    assert sum(result.p < 0.05 for result in results) <= 4


@pytest.mark.long
def test_at_most_6_percent_of_1000_unchanged_histories_give_an_alarm() -> None:
    counts = {rows: false_alarms(rows, 250) for rows in ROWS}
    print("\nfalse alarms per 250 unchanged histories, by rows:", counts)
    assert sum(counts.values()) <= 60


@pytest.mark.long
def test_90_percent_of_drops_by_20_points_are_found_and_95_percent_placed() -> None:
    found, covered, near, sized, total = drops(400)
    print(
        f"\n20 points at 10 rows, 30 versions: found {found / 400:.1%}, "
        f"true place among the suspects {covered / found:.1%}, "
        f"within one version {near / found:.1%}, size in the interval {sized / found:.1%}, "
        f"{total / found:.1f} places suspected"
    )
    assert found >= 0.9 * 400
    assert covered >= 0.95 * found


@pytest.mark.long
@pytest.mark.parametrize(
    "changes",
    [
        {"varied": False},
        {"jitter": 0.03},
        {"versions": 20},
        {"versions": 12},
        {"rows": 20},
        {"rows": 50, "drop": 0.1},
    ],
    ids=str,
)
def test_other_drops(changes: dict[str, object]) -> None:
    found, covered, near, sized, total = drops(200, **changes)
    print(
        f"\n{changes}: found {found / 200:.1%}, covered {covered / found:.1%}, "
        f"within one {near / found:.1%}, sized {sized / found:.1%}, suspects {total / found:.1f}"
    )
    assert covered >= 0.92 * found


@pytest.mark.long
@pytest.mark.parametrize("rows", ROWS)
@pytest.mark.parametrize("compare", TESTS)
def test_at_most_6_percent_of_equal_versions_compare_as_different(
    compare: Callable[[list[float], list[float], Random], Difference], rows: int
) -> None:
    generator = Random(rows)
    count = 400
    alarms = sum(compare(*alike(rows, generator), generator).p < 0.05 for _ in range(count))
    print(f"\n{compare.__name__}, {rows} rows: {alarms / count:.1%} false alarms")
    assert alarms <= 0.06 * count
