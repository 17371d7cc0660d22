"""Writes the report's table of versions."""

from __future__ import annotations

from datetime import datetime

from gitver_hooks.history import text
from gitver_hooks.history.records import History, VersionRecord
from gitver_hooks.history.report.forge import commit_link
from gitver_hooks.history.report.markup import element, escape, joined
from gitver_hooks.history.table import Column, columns
from gitver_hooks.history.version_numbers import Score


def versions_table(history: History, now: datetime) -> str:
    """All versions, newest first, in the columns of ``gitver log``."""
    chosen = columns(history, now)
    heading = "".join(
        element("th", escape(column.heading), scope="col", class_=_side(column))
        for column in chosen
    )
    changes = {finding.commit for finding in history.findings}
    rows = joined(
        _row(history, record, chosen, has_change=not record.dirty and record.commit in changes)
        for record in history
    )
    table = element(
        "table",
        element("thead", element("tr", heading)) + element("tbody", rows),
        aria_label="versions",
    )
    scroll = element(
        "div", table, class_="scroll", tabindex=0, role="region", aria_label="table of versions"
    )
    return element("section", scroll, class_="table")


def _row(history: History, record: VersionRecord, chosen: list[Column], *, has_change: bool) -> str:
    cells = []
    for column in chosen:
        if column.heading == "version":
            mark = "▸ " if has_change else ""
            cells.append(element("th", mark + _version(history, record), scope="row", class_="l"))
        elif column.is_metric:
            cells.append(_metric(column, record))
        else:
            cells.append(_cell(column, record))
    kind = "uncommitted" if record.dirty else "marked" if has_change else None
    return element("tr", "".join(cells), class_=kind)


def _metric(column: Column, record: VersionRecord) -> str:
    score = record.metrics.get(column.heading)
    if score is None or score.mean is None:
        return _cell(column, record)
    return element("td", _score(score), class_="l")


def _cell(column: Column, record: VersionRecord) -> str:
    kind = "l subject" if column.heading == "subject" else _side(column)
    return element("td", escape(column.cell(record)), class_=kind)


def _version(history: History, record: VersionRecord) -> str:
    name = element("span", escape(text.short_version(record)), class_="version")
    link = None if record.dirty else commit_link(history.remote_url, record.commit)
    return element("a", name, href=link) if link else name


def _score(score: Score) -> str:
    rows = escape(text.of_rows(score))
    if score.mean is None or not text.is_share(score):
        return f"{escape(text.score(score))} {rows}".rstrip()
    width = f"width:{100 * max(0.0, min(1.0, score.mean)):.0f}%"
    bar = element("span", element("i", style=width), class_="bar", aria_hidden="true")
    return f"{escape(text.score(score))}{bar}<span class='soft'>{rows}</span>"


def _side(column: Column) -> str | None:
    return "l" if column.is_left_aligned else None
