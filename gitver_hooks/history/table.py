"""Lays out the history as a table, with the columns that fit the terminal."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from textwrap import wrap

from gitver_hooks.common.printing import printable, shortened
from gitver_hooks.history import text
from gitver_hooks.history.records import History, VersionRecord

_GAP = "  "
_BAR_CELLS = 8
_SHORTEST_SUBJECT, _LONGEST_SUBJECT = 12, 50


@dataclass(frozen=True)
class Column:
    """One column: its heading, its cells, and how soon it is dropped on a narrow terminal.

    Columns of ``rank`` 0 are never dropped; of the others, the highest rank goes first.
    """

    heading: str
    cell: Callable[[VersionRecord], str]
    rank: int = 0
    is_left_aligned: bool = False
    is_metric: bool = False


def columns(history: History, now: datetime) -> list[Column]:
    """The columns that this history has values for."""
    metrics = text.score_names(history, "metrics")
    feedback = text.score_names(history, "feedback")
    all_columns = [
        Column("version", text.short_version, is_left_aligned=True),
        Column("age", lambda record: text.age(record.authored, now), rank=3),
        Column("subject", _subject, is_left_aligned=True),
        *(
            Column(name, partial(_metric, name), is_left_aligned=True, is_metric=True)
            for name in metrics
        ),
        Column("traces", lambda record: _live(record, text.count)),
        Column("errors", partial(_number, "error_rate"), rank=1),
        Column("p50", partial(_number, "latency_p50_ms"), rank=2),
        Column("p95", partial(_number, "latency_p95_ms"), rank=6),
        Column("tokens", partial(_number, "tokens"), rank=7),
        Column("cost", partial(_number, "cost"), rank=4),
        *(Column(name, partial(_feedback, name), rank=5) for name in feedback),
    ]
    return [column for column in all_columns if not column.rank or _has_values(column, history)]


def _has_values(column: Column, history: History) -> bool:
    return any(column.cell(record) != text.NOTHING for record in history)


def table_lines(history: History, now: datetime, width: int | None) -> list[str]:
    """The lines of the table, none wider than ``width`` columns (None: as wide as need be)."""
    chosen = columns(history, now)
    dropped: list[str] = []
    while width is not None and _least_width(chosen, history) > width:
        least = max(chosen, key=lambda column: column.rank)
        if not least.rank:
            break
        chosen.remove(least)
        dropped.append(least.heading)
    grid = [[printable(column.heading) for column in chosen]]
    grid += [[printable(column.cell(record)) for column in chosen] for record in history]
    lines = _aligned(grid, chosen, width)
    if dropped:
        missing = (
            f"not shown, because the terminal is too narrow: {', '.join(map(printable, dropped))}"
        )
        lines += wrap(missing, width or len(missing))
    return lines


def _aligned(grid: list[list[str]], chosen: Sequence[Column], width: int | None) -> list[str]:
    widths = [max(map(len, cells)) for cells in zip(*grid, strict=True)]
    place = next(i for i, column in enumerate(chosen) if column.cell is _subject)
    widths[place] = min(widths[place], _LONGEST_SUBJECT)
    if width is not None:
        others = sum(widths) - widths[place] + len(_GAP) * (len(widths) - 1)
        widths[place] = min(widths[place], max(_SHORTEST_SUBJECT, width - others))
    lines = []
    for row in grid:
        cells = [
            shortened(cell, size).ljust(size) if column.is_left_aligned else cell.rjust(size)
            for cell, size, column in zip(row, widths, chosen, strict=True)
        ]
        line = _GAP.join(cells).rstrip()
        lines.append(line if width is None else shortened(line, width))
    return lines


def _least_width(chosen: Sequence[Column], history: History) -> int:
    total = len(_GAP) * (len(chosen) - 1)
    for column in chosen:
        if column.cell is _subject:
            total += _SHORTEST_SUBJECT
        else:
            cells = (printable(column.cell(record)) for record in history)
            total += max(len(printable(column.heading)), *(len(cell) for cell in cells))
    return total


def _subject(record: VersionRecord) -> str:
    return "└ uncommitted changes" if record.dirty else record.subject


def _live(record: VersionRecord, write: Callable[[object], str] | Callable[..., str]) -> str:
    return text.NOTHING if record.model_id is None else write(record.live)


def _number(name: str, record: VersionRecord) -> str:
    if record.model_id is None or record.live.traces == 0:
        return text.NOTHING
    return text.trace_number(record.live, name)


def _metric(name: str, record: VersionRecord) -> str:
    score = record.metrics.get(name)
    if score is None:
        return text.UNREAD if "scores" in record.unread else text.NOTHING
    rows = text.of_rows(score) or (text.UNREAD if record.unread else "")
    if score.mean is None or not text.is_share(score):
        return f"{text.score(score)} {rows}".rstrip()
    return f"{text.score(score):>4} {bar(score.mean)} {rows}".rstrip()


def _feedback(name: str, record: VersionRecord) -> str:
    score = record.feedback.get(name)
    if score is None:
        return text.UNREAD if "traces" in record.unread else text.NOTHING
    mark = "~" if "feedback" in record.live.sampled else ""
    if text.is_share(score):
        return mark + text.of_rows(score)
    return f"{mark}{text.score(score)} {text.of_rows(score)}"


def bar(share: float) -> str:
    """A bar of fixed width for a share from 0 to 1, in eighths of a character."""
    eighths = round(max(0.0, min(1.0, share)) * _BAR_CELLS * 8)
    full, part = divmod(eighths, 8)
    return ("█" * full + ("▏▎▍▌▋▊▉"[part - 1] if part else "")).ljust(_BAR_CELLS, "·")
