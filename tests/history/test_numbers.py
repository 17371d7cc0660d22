"""Adding up traces and scores."""

from __future__ import annotations

import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitver_hooks.history import numbers
from gitver_hooks.history.trace_data import Assessment, TraceData, number_of, text_of


def assessment(name: str, value: object, run_id: str | None = None, at: int = 0) -> Assessment:
    number, yes_no = number_of(value)
    judge = "CODE x" if run_id else "HUMAN x"
    return Assessment(name, number, yes_no, text_of(value), judge, run_id, "", at)


def trace(
    *assessments: Assessment, run_id: str | None = None, latency: float | None = 1.0
) -> TraceData:
    return TraceData("tr-1", "m-1", run_id, "OK", 0, latency, None, None, "", "", assessments)


@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=40))
def test_percentiles_are_interpolated_linearly(values: list[float]) -> None:
    quartiles = statistics.quantiles(values, n=4, method="inclusive")
    for share, expected in zip((0.25, 0.5, 0.75), quartiles, strict=True):
        assert numbers.percentile(sorted(values), share) == pytest.approx(expected)


def test_yes_and_no_count_as_1_and_0_and_other_words_not_at_all() -> None:
    assert number_of(True) == (1.0, True)
    assert number_of("No") == (0.0, True)
    assert number_of(4) == (4.0, False)
    assert number_of("excellent") == (None, False)
    score = numbers.feedback_scores([trace(assessment("tone", "excellent"))])
    assert score == {}


def test_the_newest_score_of_a_trace_counts() -> None:
    scored = trace(
        assessment("good", False, "r1", at=1), assessment("good", True, "r1", at=2), run_id="r1"
    )
    assert numbers.run_scores([scored], "r1")["good"].values == (1.0,)


def test_people_do_not_score_evaluations_and_runs_give_no_feedback() -> None:
    both = trace(assessment("good", True, "r1"), assessment("liked", True), run_id="r1")
    assert list(numbers.run_scores([both], "r1")) == ["good"]
    assert list(numbers.feedback_scores([both])) == ["liked"]


def test_a_mixture_of_words_and_numbers_has_no_share() -> None:
    mixed = [trace(assessment("tone", True)), trace(assessment("tone", 3))]
    score = numbers.feedback_scores(mixed)["tone"]
    assert (score.mean, score.rows, score.passed) == (2.0, 2, None)


def test_feedback_from_counts_leaves_out_the_scores_of_evaluations() -> None:
    counts = {("liked", "true"): 5, ("liked", "false"): 2, ("good", '"yes"'): 3, ("x", '"so"'): 1}
    evaluated = [trace(assessment("good", "yes", "r1"), run_id="r1") for _ in range(3)]
    found = numbers.feedback_from_counts(counts, evaluated, ["r1"])
    assert list(found) == ["liked"]
    assert (found["liked"].passed, found["liked"].rows) == (5, 7)


def test_unknown_latencies_tokens_and_costs_are_left_out_of_the_numbers() -> None:
    known = TraceData("tr-2", "m-1", None, "ERROR", 0, 3.0, 10.0, 0.5, "", "")
    found = numbers.trace_numbers([trace(latency=None), known])
    assert (found.traces, found.errors, found.latency_p50_ms) == (2, 1, 3.0)
    assert (found.tokens, found.cost) == (10.0, 0.5)
    empty = numbers.trace_numbers([])
    assert (empty.latency_p95_ms, empty.tokens, empty.cost) == (None, None, None)


def test_a_score_without_a_run_belongs_to_the_run_of_its_trace() -> None:
    number, yes_no = number_of(True)
    unnamed = Assessment("good", number, yes_no, "yes", "CODE x", None, "", 0)
    assert numbers.belongs_to_run(unnamed, trace(run_id="r1"), "r1")
    assert not numbers.belongs_to_run(unnamed, trace(run_id="r2"), "r1")
    named = assessment("good", True, "r1")
    assert numbers.belongs_to_run(named, trace(run_id="r2"), "r1")
    assert not numbers.belongs_to_run(named, trace(run_id="r2"), "r2")


def test_words_beside_numbers_do_not_count_as_rows() -> None:
    mixed = [trace(assessment("tone", 4)), trace(assessment("tone", "excellent"))]
    assert numbers.feedback_scores(mixed)["tone"].rows == 1


def test_yes_and_no_have_a_share_and_other_numbers_have_none() -> None:
    votes = [trace(assessment("liked", True)), trace(assessment("liked", False))]
    assert numbers.feedback_scores(votes)["liked"].passed == 1
    counts = {("liked", "true"): 2, ("stars", "4"): 3, ("stars", "not json"): 1}
    found = numbers.feedback_from_counts(counts, [], [])
    assert (found["liked"].passed, found["stars"].passed) == (2, None)
    assert (found["stars"].mean, found["stars"].rows) == (4.0, 3)


def test_only_scores_of_the_named_runs_are_left_out_of_counts() -> None:
    counts = {("good", "true"): 4}
    scored = [
        trace(assessment("good", True, "r1"), run_id="other"),
        trace(assessment("good", True, "other"), run_id="r1"),
        trace(assessment("good", True, "other"), run_id="other"),
        trace(assessment("good", "excellent", "r1"), run_id="r1"),
    ]
    assert numbers.feedback_from_counts(counts, scored, ["r1"])["good"].rows == 2
