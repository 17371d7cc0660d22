"""The cells of the history's table, and how it is made to fit a terminal."""

from __future__ import annotations

from dataclasses import replace

import pytest
from support.histories import NOW

from gitver_hooks.history.records import History, VersionRecord
from gitver_hooks.history.table import bar, columns, table_lines
from gitver_hooks.history.version_numbers import Score, TraceNumbers

COMMIT = "6bf7e1e8" + "0" * 32
LIVE = TraceNumbers(traces=10, errors=1, latency_p50_ms=840.0, coverage="exact")
RECORD = VersionRecord(
    COMMIT,
    COMMIT,
    "A subject that is longer than the narrowest column",
    "2026-11-20T09:30:00+00:00",
    model_id="m-1",
    live=LIVE,
    metrics={"correct": Score(0.5, 2, 1)},
    feedback={"liked": Score(0.5, 2, 1)},
)


def cells(record: VersionRecord) -> dict[str, str]:
    """The cells of one row, by heading; all columns are there because of another row."""
    history = History((record, RECORD))
    return {column.heading: column.cell(record) for column in columns(history, NOW)}


def test_a_complete_row() -> None:
    assert cells(RECORD) == {
        "version": "6bf7e1e8",
        "age": "1d",
        "subject": RECORD.subject,
        "correct": " 50% ████···· 1/2",
        "traces": "10",
        "errors": "10.0%",
        "p50": "840 ms",
        "liked": "1/2",
    }


def test_columns_without_any_value_are_left_out() -> None:
    headings = [column.heading for column in columns(History((RECORD,)), NOW)]
    assert "p95" not in headings
    fast = replace(RECORD, live=replace(LIVE, latency_p95_ms=900.0))
    assert "p95" in [column.heading for column in columns(History((RECORD, fast)), NOW)]


def test_a_version_that_was_never_registered_has_no_numbers() -> None:
    row = cells(replace(RECORD, model_id=None, live=TraceNumbers()))
    assert (row["traces"], row["errors"], row["p50"]) == ("–", "–", "–")
    row = cells(replace(RECORD, live=TraceNumbers(traces=0, errors=0, coverage="exact")))
    assert (row["traces"], row["errors"], row["p50"]) == ("0", "–", "–")


def test_a_dirty_version_has_no_subject_of_its_own() -> None:
    assert cells(replace(RECORD, dirty=True))["subject"] == "└ uncommitted changes"


def test_scores_that_were_not_read_are_marked() -> None:
    nothing = replace(RECORD, metrics={}, feedback={})
    assert (cells(nothing)["correct"], cells(nothing)["liked"]) == ("–", "–")
    unread = replace(nothing, unread=("traces", "scores"))
    assert (cells(unread)["correct"], cells(unread)["liked"]) == ("?", "?")


def test_a_metric_of_which_only_the_mean_is_known_has_no_bar() -> None:
    mean_only = replace(RECORD, metrics={"correct": Score(0.5)})
    assert cells(mean_only)["correct"] == "0.5"
    assert cells(replace(mean_only, unread=("scores",)))["correct"] == "0.5 ?"


def test_feedback_of_the_newest_traces_is_marked() -> None:
    sampled = replace(RECORD, live=replace(LIVE, sampled=("feedback",)))
    assert cells(sampled)["liked"] == "~1/2"
    assert cells(replace(RECORD, feedback={"liked": Score(4.0, 3)}))["liked"] == "4 n=3"


def test_a_narrow_table_drops_columns_then_cuts_subjects() -> None:
    history = History((RECORD,))
    wide = table_lines(history, NOW, None)
    assert RECORD.subject in wide[1]
    assert not any(line.startswith("not shown") for line in wide)
    narrow = table_lines(history, NOW, 60)
    assert max(map(len, narrow)) <= 60
    assert "…" in narrow[1]
    # The columns of rank 0 stay, however narrow it is.
    narrowest = table_lines(history, NOW, 20)
    assert max(map(len, narrowest)) <= 20
    assert (
        " ".join(narrowest[2:])
        == "not shown, because the terminal is too narrow: liked, age, p50, errors"
    )


@pytest.mark.parametrize(
    ("share", "expected"),
    [
        (0.0, "········"),
        (1.0, "████████"),
        (2.0, "████████"),
        (-1.0, "········"),
        (0.53, "████▎···"),
    ],
)
def test_a_bar_has_a_fixed_width(share: float, expected: str) -> None:
    assert bar(share) == expected
