"""Writes a comparison of two versions as Markdown, safe to post as a comment."""

from __future__ import annotations

from collections.abc import Sequence

from gitver_hooks.common.printing import printable
from gitver_hooks.history.comparing import VersionComparison
from gitver_hooks.history.comparison_formats import (
    HEAD,
    code_lines,
    label,
    metric_cells,
    notes,
    score_list,
    short_text,
    verdict,
)
from gitver_hooks.history.evaluated_rows import Row


def as_markdown(comparison: VersionComparison, most_rows: int) -> list[str]:
    """A comment for a pull request."""
    lines = [
        f"### gitver compare: {code(label(comparison.a))} and {code(label(comparison.b))}",
        "",
        f"**{_escaped(verdict(comparison))}** {' '.join(map(_escaped, notes(comparison)))}",
        "",
        f"| {' | '.join(HEAD)} |",
        f"|{' --- |' * len(HEAD)}",
    ]
    for compared in (*comparison.quality, *comparison.speed):
        name, *cells = metric_cells(compared)
        lines.append(f"| {code(name)} | {' | '.join(cells)} |")
    lines += ["", *_details("What changed", [f"- {code(line)}" for line in code_lines(comparison)])]
    table = ["| input | A | B |", "| --- | --- | --- |"]
    table += [
        f"| {code(short_text(pair.a.inputs))} | {_answer(pair.a)} | {_answer(pair.b)} |"
        for pair in comparison.pairs[:most_rows]
    ]
    if comparison.pairs:
        shown = min(most_rows, len(comparison.pairs))
        lines += _details(f"{shown} of {len(comparison.pairs)} inputs, worst first", table)
    return lines


def _details(summary: str, lines: Sequence[str]) -> list[str]:
    return [
        "<details>",
        f"<summary>{_escaped(summary)}</summary>",
        "",
        *lines,
        "",
        "</details>",
        "",
    ]


def _answer(row: Row) -> str:
    return f"{code(score_list(row))}<br>{code(short_text(row.answer))}"


def code(text: str) -> str:
    """Text as code, in which GitHub and GitLab interpret no mention, reference, link or markup."""
    return f"<code>{_escaped(text)}</code>"


def _escaped(text: str) -> str:
    """Text with every character that could mean something to Markdown or HTML as an entity."""
    return "".join(
        character if character.isalnum() or character in " ,;" else f"&#{ord(character)};"
        for character in printable(text)
    )
