"""The history as text, CSV, JSON and Markdown."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace

import pytest
from support.histories import NOW, hostile, thirty_versions
from support.history_schema import SCHEMA

from gitver_hooks.history import formats
from gitver_hooks.history.records import History
from gitver_hooks.history.report.page import report
from gitver_hooks.history.table import bar
from gitver_hooks.history.version_numbers import TraceNumbers


def unread() -> History:
    history = thirty_versions()
    first = replace(history[0], live=TraceNumbers(), metrics={}, unread=("traces", "scores"))
    return replace(
        history, versions=(first, *history.versions[1:]), partial=True, notes=("1 not read",)
    )


def test_json_follows_its_schema() -> None:
    jsonschema = pytest.importorskip("jsonschema")
    for history in (thirty_versions(), hostile(), unread()):
        data = json.loads(json.dumps(history.to_dict()))
        jsonschema.validate(
            data, SCHEMA, format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER
        )


def test_the_schema_refuses_what_is_not_documented() -> None:
    jsonschema = pytest.importorskip("jsonschema")
    data = json.loads(json.dumps(thirty_versions().to_dict()))
    data["versions"][0]["surprise"] = 1
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(data, SCHEMA)


@pytest.mark.parametrize("width", [60, 80, 100, 120, 200])
def test_the_table_fits_the_terminal(width: int) -> None:
    lines = formats.as_table(thirty_versions(), NOW, width)
    table = lines[: lines.index("")]
    assert max(map(len, table)) <= width
    assert "correctness" in table[0]


def test_columns_that_do_not_fit_are_named() -> None:
    lines = formats.as_table(thirty_versions(), NOW, 80)
    assert any(line.startswith("not shown, because the terminal is too narrow: ") for line in lines)
    wide = formats.as_table(thirty_versions(), NOW, None)
    assert not any(line.startswith("not shown") for line in wide)


def test_an_incomplete_table_starts_with_its_mark() -> None:
    lines = formats.as_table(unread(), NOW, 100)
    assert lines[0].startswith("PARTIAL: 1 not read")
    row = next(line for line in lines if line.startswith(unread()[0].commit[:8]))
    assert "?" in row
    assert "PARTIAL" in formats.as_markdown(unread(), NOW)[0]
    assert "incomplete" in report(unread(), NOW)
    rows = list(csv.DictReader(io.StringIO(formats.as_csv(unread()))))
    assert {row["partial"] for row in rows} == {"True"}
    assert rows[0]["unread"] == "traces scores"


def test_a_complete_table_has_no_mark() -> None:
    assert "PARTIAL" not in "\n".join(formats.as_table(thirty_versions(), NOW, 100))
    assert "incomplete" not in report(thirty_versions(), NOW)


def test_at_least_and_sampled_numbers_are_marked() -> None:
    history = thirty_versions()
    live = replace(history[0].live, traces=200, coverage="at least")
    marked = replace(history, versions=(replace(history[0], live=live), *history.versions[1:]))
    lines = formats.as_table(marked, NOW, None)
    row = next(line for line in lines if line.startswith(history[0].commit[:8]))
    assert "≥200" in row
    assert "~$" in row
    assert any(line.startswith("~ ") for line in lines)
    assert any(line.startswith("≥ ") for line in lines)


def test_dirty_versions_are_listed_under_their_commit() -> None:
    history = thirty_versions()
    for number, record in enumerate(history):
        if record.dirty:
            assert not history[number - 1].dirty
            assert history[number - 1].commit == record.commit


def test_control_characters_and_markup_change_nothing_on_the_terminal() -> None:
    lines = formats.as_table(hostile(), NOW, None)
    lines += formats.finding_lines(hostile())
    for line in lines:
        assert line.isprintable(), ascii(line)


def test_control_characters_and_markup_change_nothing_in_markdown() -> None:
    for line in formats.as_markdown(hostile(), NOW):
        assert line.isprintable(), ascii(line)
        assert "<script" not in line
        assert "\\| \\*\\*b\\*\\*" in line or "**b**" not in line


def test_cells_of_csv_are_neither_formulas_nor_control_sequences() -> None:
    text = formats.as_csv(hostile())
    for row in csv.reader(io.StringIO(text)):
        for cell in row:
            assert cell.isprintable()
            assert not cell.startswith(("=", "+", "@"))
    versions = tuple(replace(r, subject="=HYPERLINK()") for r in thirty_versions())
    text = formats.as_csv(replace(thirty_versions(), versions=versions))
    assert {row["subject"] for row in csv.DictReader(io.StringIO(text))} == {"'=HYPERLINK()"}


def test_findings_name_the_commit_and_all_suspects() -> None:
    history = thirty_versions()
    lines = "\n".join(formats.finding_lines(history))
    for finding in history.findings:
        for commit in (finding.commit, *finding.suspects):
            assert commit is not None
            assert commit[:8] in lines
    assert "liked: fewer than eight versions have it" in lines


@pytest.mark.parametrize(("share", "full"), [(0.0, 0), (0.5, 4), (1.0, 8), (1.7, 8), (-1.0, 0)])
def test_a_bar_is_as_long_as_its_share(share: float, full: int) -> None:
    assert len(bar(share)) == 8
    assert bar(share).count("█") == full
