"""The tests that compare two versions: exact, consistent with their intervals, corrected."""

from __future__ import annotations

import math
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gitver_hooks.history.statistics.comparison import compare_metrics
from gitver_hooks.history.statistics.distributions import beta_cdf, beta_quantile, t_quantile
from gitver_hooks.history.statistics.exact_tests import fisher, mcnemar
from gitver_hooks.history.statistics.multiplicity import holm
from gitver_hooks.history.statistics.permutation_tests import sign_flip, two_samples

scores = st.floats(-1, 1).map(lambda x: round(x, 2))


def excludes_zero(interval: tuple[float, float]) -> bool:
    return interval[0] > 0 or interval[1] < 0


def by_input(*values: float) -> dict[str, list[float]]:
    return {f"input {index}": [value] for index, value in enumerate(values)}


@given(st.lists(scores, min_size=1, max_size=9))
def test_sign_flip_equals_the_enumeration_of_all_signs(differences: list[float]) -> None:
    observed = abs(math.fsum(differences))
    signs = list(product((1, -1), repeat=len(differences)))
    sums = [abs(math.fsum(s * d for s, d in zip(sign, differences, strict=True))) for sign in signs]
    expected = sum(total >= observed - 1e-9 for total in sums) / len(signs)
    assert sign_flip(differences).p == pytest.approx(min(1.0, expected))


@settings(deadline=None, max_examples=20)
@given(st.lists(scores, min_size=6, max_size=16))
def test_the_sign_flip_interval_agrees_with_its_test(differences: list[float]) -> None:
    result = sign_flip(differences)
    assert excludes_zero(result.interval) == (result.p < 0.05)


@settings(deadline=None, max_examples=10)
@given(st.lists(scores, min_size=4, max_size=12), st.lists(scores, min_size=4, max_size=12))
def test_the_permutation_interval_agrees_with_its_test(a: list[float], b: list[float]) -> None:
    result = two_samples(a, b)
    assert excludes_zero(result.interval) == (result.p < 0.05)


def test_random_relabellings_approximate_all_of_them() -> None:
    values = [0.3, 0.1, -0.05, 0.2, 0.4, 0.15, -0.1, 0.25, 0.3, -0.2, 0.1, 0.05, 0.35]
    exact, random = sign_flip(values), sign_flip([*values, 0.0])
    assert (exact.test, random.test) == ("exact sign-flip permutation", "sign-flip permutation")
    assert random.p == pytest.approx(exact.p, abs=0.01)


@given(st.lists(scores, min_size=3, max_size=8))
def test_the_order_of_the_inputs_does_not_matter(differences: list[float]) -> None:
    assert sign_flip(sorted(differences)).p == pytest.approx(sign_flip(differences).p)


@settings(deadline=None, max_examples=20)
@given(st.integers(1, 25), st.data())
def test_mcnemar_equals_the_binomial_test(pairs: int, data: st.DataObject) -> None:
    stats = pytest.importorskip("scipy.stats")
    worse = data.draw(st.integers(0, pairs))
    better = data.draw(st.integers(0, pairs - worse))
    result = mcnemar(pairs, worse, better)
    expected = stats.binomtest(worse, worse + better).pvalue if worse + better else 1.0
    assert result.p == pytest.approx(expected)
    assert result.interval[0] <= result.difference <= result.interval[1]
    assert excludes_zero(result.interval) == (result.p < 0.05)


@settings(deadline=None, max_examples=20)
@given(st.integers(1, 20), st.integers(1, 20), st.data())
def test_fisher_equals_twice_the_hypergeometric_tail(
    rows_a: int, rows_b: int, data: st.DataObject
) -> None:
    stats = pytest.importorskip("scipy.stats")
    a, b = data.draw(st.integers(0, rows_a)), data.draw(st.integers(0, rows_b))
    result = fisher(a, rows_a, b, rows_b)
    table = [[a, rows_a - a], [b, rows_b - b]]
    tails = [stats.fisher_exact(table, side).pvalue for side in ("less", "greater")]
    assert result.p == pytest.approx(min(1.0, 2 * min(tails)))
    assert excludes_zero(result.interval) == (result.p < 0.05)


@given(st.floats(0.01, 0.99), st.floats(0.5, 60), st.floats(0.5, 60))
def test_beta_equals_scipy(x: float, a: float, b: float) -> None:
    stats = pytest.importorskip("scipy.stats")
    assert beta_cdf(x, a, b) == pytest.approx(stats.beta.cdf(x, a, b), abs=1e-9)
    assert beta_cdf(beta_quantile(x, a, b), a, b) == pytest.approx(x, abs=1e-6)


@given(st.integers(1, 200))
def test_t_equals_scipy(degrees: int) -> None:
    stats = pytest.importorskip("scipy.stats")
    assert t_quantile(0.975, degrees) == pytest.approx(stats.t.ppf(0.975, degrees), rel=1e-6)


def test_holm_corrects_step_by_step() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([]) == []


@given(st.lists(st.floats(0, 1), min_size=1, max_size=10))
def test_holm_keeps_the_order_and_never_lowers_p(p_values: list[float]) -> None:
    adjusted = holm(p_values)
    assert all(0 <= p <= a <= 1 for p, a in zip(p_values, adjusted, strict=True))
    order = sorted(range(len(p_values)), key=lambda i: p_values[i])
    assert [adjusted[i] for i in order] == sorted(adjusted)


def test_the_same_inputs_are_compared_as_pairs() -> None:
    a, b = by_input(*[1.0] * 12), by_input(*[1.0] * 4, *[0.0] * 8)
    (comparison,) = compare_metrics({"correct": a}, {"correct": b})
    assert comparison.result is not None
    assert (comparison.pairs, comparison.result.test) == (12, "exact McNemar")
    assert comparison.p == pytest.approx(2 / 2**8)
    assert comparison.dropped


def test_other_inputs_are_compared_as_independent_samples() -> None:
    a = by_input(*[1.0] * 12)
    b = {f"other {index}": [0.0] for index in range(12)}
    (comparison,) = compare_metrics({"correct": a}, {"correct": b})
    assert comparison.result is not None
    assert (comparison.pairs, comparison.result.test) == (0, "exact Fisher")
    assert comparison.dropped


def test_inputs_that_only_one_version_has_are_left_out_of_pairs() -> None:
    a, b = by_input(*[1.0] * 12), by_input(*[0.0] * 5)
    (comparison,) = compare_metrics({"correct": a}, {"correct": b})
    assert (comparison.pairs, comparison.rows_a, comparison.can_tell) == (5, 5, False)


def test_numbers_are_compared_by_permutation() -> None:
    a = by_input(*[0.9, 0.8, 0.7, 0.95, 0.85, 0.6, 0.9])
    b = by_input(*[0.5, 0.4, 0.3, 0.55, 0.45, 0.2, 0.5])
    (comparison,) = compare_metrics({"score": a}, {"score": b})
    assert comparison.result is not None
    assert comparison.result.test == "exact sign-flip permutation"
    assert comparison.p == pytest.approx(2 / 2**7)


def test_five_pairs_are_too_few() -> None:
    (comparison,) = compare_metrics(
        {"correct": by_input(*[1.0] * 5)}, {"correct": by_input(*[0.0] * 5)}
    )
    assert not comparison.can_tell
    assert not comparison.dropped


def test_a_metric_that_one_version_lacks_is_undecided() -> None:
    (comparison,) = compare_metrics({"correct": by_input(1.0)}, {})
    assert (comparison.result, comparison.can_tell, comparison.mean_b) == (None, False, None)


def test_six_pairs_are_enough_for_one_metric_but_not_for_two() -> None:
    a, b = by_input(*[1.0] * 6), by_input(*[0.0] * 6)
    assert [c.can_tell for c in compare_metrics({"x": a}, {"x": b})] == [True]
    assert [c.can_tell for c in compare_metrics({"x": a, "y": a}, {"x": b, "y": b})] == [False] * 2


def test_a_significant_metric_always_has_enough_rows() -> None:
    a, weak, strong = by_input(*[1.0] * 6), by_input(*[0.0] * 6), by_input(*[1.0] * 20)
    compared = compare_metrics(
        {"strong": strong, "weak": a}, {"strong": by_input(*[0.0] * 20), "weak": weak}
    )
    assert [(c.dropped, c.can_tell) for c in compared] == [(True, True)] * 2


def test_less_of_an_unwanted_metric_is_no_drop() -> None:
    a, b = by_input(*[1.0] * 12), by_input(*[0.0] * 12)
    (comparison,) = compare_metrics({"errors": a}, {"errors": b}, frozenset({"errors"}))
    assert comparison.significant
    assert not comparison.dropped


def test_repeated_values_of_one_input_are_averaged() -> None:
    a = {key: [*values, 0.0] for key, values in by_input(*[1.0] * 7).items()}
    (comparison,) = compare_metrics({"x": a}, {"x": by_input(*[1.0] * 7)})
    assert (comparison.rows_a, comparison.mean_a) == (7, 0.5)
    assert comparison.p == pytest.approx(2 / 2**7)
