"""Comparisons of two versions' rows, and how they are written."""

from __future__ import annotations

import json
import string
from collections.abc import Sequence

import pytest

from gitver_hooks.history.code_changes import CodeChanges, FileChange
from gitver_hooks.history.comparing import VersionComparison, compare_rows
from gitver_hooks.history.comparison_formats import as_table, label, verdict
from gitver_hooks.history.comparison_json import as_dict
from gitver_hooks.history.comparison_markdown import as_markdown, code
from gitver_hooks.history.evaluated_rows import Row, Value
from gitver_hooks.history.records import Resolved
from gitver_hooks.history.rows import input_key

A = Resolved("a" * 40, "a" * 40, model_id="m-a")
B = Resolved(f"{'b' * 32}-dirty-12345678", "b" * 40, dirty=True, model_id="m-b")


def row(number: int, correct: float | None, judge: str = "CODE x", **fields: object) -> Row:
    scores = {} if correct is None else {"correct": Value(correct, f"{correct:g}", judge)}
    return Row(f"input {number}", f"tr-{number}", f"input {number}", "answer", False, scores)


NO_CHANGES = CodeChanges()


def compared(
    a: Sequence[Row], b: Sequence[Row], changes: CodeChanges = NO_CHANGES
) -> VersionComparison:
    return compare_rows(A, B, changes, ({"k": "1"}, {"k": "2"}), (a, b))


def rows(*scores: float) -> list[Row]:
    return [row(number, score) for number, score in enumerate(scores)]


def test_failed_rows_are_a_metric_of_their_own() -> None:
    failed = [Row(f"{i}", f"tr-{i}", f"{i}", "", i < 8, {}) for i in range(10)]
    fine = [Row(f"{i}", f"tr-{i}", f"{i}", "", False, {}) for i in range(10)]
    comparison = compared(fine, failed)
    assert [(c.metric, c.dropped) for c in comparison.quality] == [("errors", True)]
    assert compared(fine, fine).quality == ()


def test_a_slower_version_is_reported_but_is_no_drop() -> None:
    fast = [Row(f"{i}", f"tr-{i}", f"{i}", "", False, {}, latency_ms=100 + i) for i in range(10)]
    slow = [Row(f"{i}", f"tr-{i}", f"{i}", "", False, {}, latency_ms=900 + i) for i in range(10)]
    comparison = compared(fast, slow)
    assert [(c.metric, c.dropped) for c in comparison.speed] == [("latency_ms", True)]
    assert not comparison.dropped


def test_another_judge_is_noted() -> None:
    a, b = [row(i, 1.0, "LLM one") for i in range(8)], [row(i, 0.0, "LLM two") for i in range(8)]
    assert compared(a, b).judges_differ == ("correct",)
    assert any("scorer differs" in line for line in as_table(compared(a, b), 0))
    assert compared(a, a).judges_differ == ()


def test_pairs_are_ordered_by_the_change_of_all_their_scores() -> None:
    comparison = compared(rows(1, 0, 1, 0), rows(1, 1, 0, 0))
    assert [pair.a.key for pair in comparison.pairs] == ["input 2", "input 0", "input 3", "input 1"]


def test_a_better_and_a_worse_metric_are_both_reported() -> None:
    def both(first: float, second: float) -> list[Row]:
        scores = {"x": Value(first, ""), "y": Value(second, "")}
        return [Row(f"{i}", f"tr-{i}", f"{i}", "", False, scores) for i in range(12)]

    assert verdict(compared(both(0, 1), both(1, 0))) == "B is worse: y; better: x."


@pytest.mark.parametrize("text", [string.punctuation, "@all #1 www.example.com", "a\x1b[31m\n|b"])
def test_code_contains_no_markdown(text: str) -> None:
    inner = code(text).removeprefix("<code>").removesuffix("</code>")
    for character in set(string.punctuation) - set("&#;,"):
        assert character not in inner
    assert "\n" not in inner and "\x1b" not in inner


def test_hostile_names_and_paths_are_escaped_in_every_format() -> None:
    evil = "\x1b]0;x\x07|<script>@all\n"
    changes = CodeChanges((FileChange(evil, 1, None),))
    hostile = [
        Row(f"{i}", f"tr-{i}", evil, evil, False, {evil: Value(1.0, evil)}) for i in range(8)
    ]
    comparison = compared(hostile, hostile, changes)
    table, markdown = as_table(comparison, 9), as_markdown(comparison, 9)
    assert all(line.isprintable() for line in (*table, *markdown))
    assert not any("<script" in line or "@all" in line for line in markdown)
    assert json.loads(json.dumps(as_dict(comparison), allow_nan=False))["files"][0]["path"] == evil


def test_the_table_names_the_test_and_marks_too_few_rows() -> None:
    lines = as_table(compared(rows(1, 1, 1, 1, 1), rows(0, 0, 0, 0, 0)), 0)
    (line,) = [line for line in lines if line.startswith("correct")]
    assert "exact McNemar" in line
    assert line.endswith("cannot tell")


def test_equal_inputs_have_equal_keys_whatever_their_order() -> None:
    assert input_key('{"a": 1, "b": 2}') == input_key('{"b":2,"a":1}')
    assert input_key("{broken") == "{broken"


def test_params_of_the_settings_are_named_as_there() -> None:
    params = ({"gitver.params.k": "1", "gitver.fate": "ready"}, {"gitver.params.k": "2"})
    assert compare_rows(A, B, NO_CHANGES, params, ([], [])).params == {"k": ("1", "2")}


def test_an_insignificant_difference_is_named_and_called_possible_chance() -> None:
    a, b = [row(i, 1.0) for i in range(8)], [row(i, float(i > 2)) for i in range(8)]
    comparison = compared(a, b)
    assert verdict(comparison) == (
        "No significant difference: correct differs by −38 points, which may be chance (p = 0.250)."
    )
    (line,) = [line for line in as_table(comparison, 0) if line.startswith("correct ")]
    assert "−38 points" in line
    assert "%" in line.partition("−38")[0]
    assert verdict(compared(a, a)) == "No difference."


def test_the_headings_name_both_commits_and_what_is_uncommitted() -> None:
    side = [row(0, 1.0)]
    comparison = compare_rows(A, B, NO_CHANGES, ({}, {}), (side, side), ("Before", "After"))
    first, second, *_ = as_table(comparison, 0)
    assert first == "A aaaaaaaa Before"
    assert second == "B bbbbbbbb+12345678 After (with uncommitted changes)"


def test_a_part_of_a_tree_is_named_by_its_commit() -> None:
    tree = f"tree-{'c' * 32}"
    a = Resolved(f"tree-{'c' * 40}", "a" * 40)
    b = Resolved(f"{tree}-dirty-12345678", "b" * 40, dirty=True)
    elsewhere = Resolved(f"{tree}-dirty-12345678", None, dirty=True)
    assert [label(side) for side in (a, b, elsewhere)] == [
        "aaaaaaaa", "bbbbbbbb+12345678", "cccccccc+12345678"
    ]  # fmt: skip
