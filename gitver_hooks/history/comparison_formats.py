"""Writes a comparison of two versions as text: sentences, cells and the table."""

from __future__ import annotations

import math
from collections.abc import Sequence

from gitver_hooks.common.printing import printable, shortened
from gitver_hooks.history.comparing import Pair, VersionComparison
from gitver_hooks.history.evaluated_rows import Row
from gitver_hooks.history.records import Resolved
from gitver_hooks.history.statistics.comparison import PASS_OR_FAIL, Comparison
from gitver_hooks.history.text import in_unit, interval
from gitver_hooks.version.version import TREE_PREFIX

_LONGEST_TEXT = 200
HEAD = ("metric", "n", "A", "B", "difference", "95% interval", "p", "test", "")
_UNITS = {"latency_ms": "ms", "cost": "USD"}
# How the verdict names the metrics with each mark of the table's last column.
_VERDICTS = {"worse": "worse", "better": "better", "cannot tell": "too few rows to tell"}


def verdict(comparison: VersionComparison) -> str:
    """The outcome in one sentence."""
    if not comparison.quality:
        return "Nothing to compare: not both versions have been evaluated."
    parts = []
    for mark, words in _VERDICTS.items():
        metrics = [
            metric_comparison.metric
            for metric_comparison in comparison.quality
            if _mark(metric_comparison) == mark
        ]
        if metrics:
            parts.append(f"{words}: {', '.join(metrics)}")
    if not parts:
        return _no_difference(comparison)
    text = "; ".join(parts)
    if any(metric_comparison.significant for metric_comparison in comparison.quality):
        return f"B is {text}."
    return f"{text[0].upper()}{text[1:]}."


def _no_difference(comparison: VersionComparison) -> str:
    """The sentence for no significant difference, with the metric that differs most clearly."""
    differing = [
        metric_comparison
        for metric_comparison in comparison.quality
        if metric_comparison.result is not None and metric_comparison.result.difference
    ]
    if not differing:
        return "No difference."
    clearest = min(
        differing,
        key=lambda metric_comparison: 1.0 if metric_comparison.p is None else metric_comparison.p,
    )
    _, _, _, _, difference, _, p, *_ = metric_cells(clearest)
    return (
        f"No significant difference: {clearest.metric} differs by {difference}, "
        f"which may be chance (p = {p})."
    )


def notes(comparison: VersionComparison) -> list[str]:
    """Sentences that a reader needs to judge the numbers."""
    sentences = [
        f"{len(comparison.pairs)} inputs are paired, of {comparison.rows_a} in A and "
        f"{comparison.rows_b} in B."
    ]
    for side, resolved, rows in (
        ("A", comparison.a, comparison.rows_a),
        ("B", comparison.b, comparison.rows_b),
    ):
        if resolved.model_id is None:
            sentences.append(f"{side} has never been registered; run or evaluate the app there.")
        elif not rows:
            sentences.append(
                f"{side} has no evaluated rows; evaluate it with mlflow.genai.evaluate."
            )
    if comparison.judges_differ:
        names = ", ".join(comparison.judges_differ)
        sentences.append(f"The scorer differs between A and B: {names}.")
    return sentences


def label(resolved: Resolved) -> str:
    """``6bf7e1e8`` or ``6bf7e1e8+efc07a29``, as `gitver log` names it."""
    base, dirty, digest = resolved.version.partition("-dirty-")
    # The id of a part of a tree does not begin with its commit.
    short = (resolved.commit or base.removeprefix(TREE_PREFIX))[:8]
    return f"{short}+{digest[:8]}" if dirty else short


def metric_cells(comparison: Comparison) -> tuple[str, ...]:
    """The cells of one metric's line, in the order of the head."""
    result = comparison.result
    row_count = (
        str(comparison.pairs) if comparison.pairs else f"{comparison.rows_a}, {comparison.rows_b}"
    )
    cells = (
        row_count,
        _number(comparison, comparison.mean_a),
        _number(comparison, comparison.mean_b),
    )
    if result is None or comparison.p is None:
        return (comparison.metric, *cells, "–", "–", "–", "–", "cannot tell")
    low, high = result.interval
    return (
        comparison.metric,
        *cells,
        _difference(comparison, result.difference),
        _interval(comparison, low, high),
        "<0.001" if comparison.p < 0.001 else f"{comparison.p:.3f}",
        result.test,
        _mark(comparison),
    )


def _mark(comparison: Comparison) -> str:
    if not comparison.can_tell:
        return "cannot tell"
    if not comparison.significant:
        return ""
    return "worse" if comparison.dropped else "better"


def _number(comparison: Comparison, value: float | None) -> str:
    return "–" if value is None else in_unit(value, _unit(comparison))


def _difference(comparison: Comparison, value: float) -> str:
    """A difference with its sign: ``−30 points``, ``+0.3 s``."""
    unit = _unit(comparison)
    sign, size = "−" if value < 0 else "+" if value else "", abs(value)
    if unit == "share":
        return f"{sign}{100 * size:.0f} points"
    return sign + ("∞" if math.isinf(size) else in_unit(size, unit))


def _interval(comparison: Comparison, low: float, high: float) -> str:
    if _unit(comparison) == "share":
        return interval((low, high), "share")
    return f"{_difference(comparison, low)} to {_difference(comparison, high)}"


def _unit(comparison: Comparison) -> str:
    if comparison.metric in _UNITS:
        return _UNITS[comparison.metric]
    is_share = comparison.result is not None and comparison.result.test in PASS_OR_FAIL
    return "share" if is_share else "score"


def as_table(comparison: VersionComparison, most_rows: int) -> list[str]:
    """The lines that ``gitver compare`` prints."""
    lines = [*_headings(comparison), "", *code_lines(comparison)]
    cells = [HEAD, *map(metric_cells, (*comparison.quality, *comparison.speed))]
    lines += ["", verdict(comparison), *notes(comparison)]
    if len(cells) > 1:
        lines += ["", *_aligned(cells)]
    for pair in comparison.pairs[:most_rows]:
        lines += ["", *_pair_lines(pair)]
    if hidden := len(comparison.pairs) - most_rows:
        lines += ["", f"{hidden} more inputs; see --rows"] if hidden > 0 else []
    return [printable(line) for line in lines]


def _headings(comparison: VersionComparison) -> list[str]:
    sides = ("A", comparison.a), ("B", comparison.b)
    lines = [
        f"{side} {label(resolved)} {subject}".rstrip()
        for (side, resolved), subject in zip(sides, comparison.subjects, strict=True)
    ]
    return [
        f"{line} (with uncommitted changes)" if resolved.dirty else line
        for line, (_, resolved) in zip(lines, sides, strict=True)
    ]


def code_lines(comparison: VersionComparison) -> list[str]:
    """The lines about changed files and params."""
    lines = [
        f" {file.path} | {_lines_changed(file.added, file.removed)}"
        for file in comparison.code.files
    ]
    if comparison.code.note:
        lines.append(f" ({comparison.code.note})")
    lines += [
        f" {name}: {_or_none(before)} → {_or_none(after)}"
        for name, (before, after) in comparison.params.items()
    ]
    return lines or [" no change in the code or in the params"]


def _lines_changed(added: int | None, removed: int | None) -> str:
    return "binary" if added is None or removed is None else f"+{added} −{removed}"


def _or_none(value: str | None) -> str:
    return "–" if value is None else value


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    escaped = [[printable(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*escaped, strict=True)]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in escaped
    ]


def _pair_lines(pair: Pair) -> list[str]:
    return [
        f"input  {short_text(pair.a.inputs)}",
        *(
            f"  {side}  {score_list(row)}  {short_text(row.answer)}"
            for side, row in (("A", pair.a), ("B", pair.b))
        ),
    ]


def score_list(row: Row) -> str:
    """The scores of a row, separated by commas."""
    scores = [f"{name} {value.text}" for name, value in sorted(row.scores.items())]
    return ", ".join(["failed", *scores] if row.failed else scores) or "no score"


def short_text(text: str) -> str:
    """An input or an answer, cut to the length that tables show."""
    return shortened(text, _LONGEST_TEXT)
