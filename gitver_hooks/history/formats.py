"""Writes the history as text, CSV and Markdown."""

from __future__ import annotations

import csv
import io
import re
from datetime import datetime

from gitver_hooks.common.printing import printable
from gitver_hooks.history import text
from gitver_hooks.history.records import Finding, History
from gitver_hooks.history.table import columns, table_lines

_MARKDOWN = re.compile(r"([\\`*_{}\[\]<>()#+|~!&-])")


def as_table(history: History, now: datetime, width: int | None) -> list[str]:
    """The lines that ``gitver log`` prints."""
    return [
        *partial_lines(history),
        *table_lines(history, now, width),
        *legend(history),
        "",
        *finding_lines(history),
    ]


def partial_lines(history: History) -> list[str]:
    """The mark of an incomplete table, and why; nothing if it is complete."""
    if not history.partial:
        return []
    return [f"PARTIAL: {'; '.join(map(printable, history.notes))} (unread numbers are ?)", ""]


def legend(history: History) -> list[str]:
    """The meanings of the marks in the table, if there are any."""
    lines = []
    if any(record.live.sampled for record in history):
        lines.append("~ computed from the newest traces only")
    if any(record.live.coverage == "at least" for record in history):
        lines.append("≥ at least this many; this MLflow cannot count traces")
    return lines


def finding_lines(history: History) -> list[str]:
    """A few lines for each finding: what changed, and where."""
    lines: list[str] = []
    for finding in history.findings:
        lines.append(f"{text.headline(finding)} {where(history, finding)}")
        lines.append(f"  {text.evidence(finding)}")
        if len(finding.suspects) > 1:
            named = ", ".join(
                f"{commit[:8]} {text.subject_of(history, commit)}".rstrip()
                for commit in finding.suspects
            )
            lines.append(f"  suspects: {named}")
        if note := judge_note(finding):
            lines.append(f"  {note}")
    if not history.findings:
        lines.append("no change found")
    lines += [f"{text.metric_name(f.metric)}: {f.note}" for f in history.undecided]
    return [printable(line) for line in lines]


def where(history: History, finding: Finding) -> str:
    """``at 9e3dd813 "Bump openai"``."""
    subject = text.subject_of(history, finding.commit)
    return f"at {(finding.commit or '')[:8]}" + (f' "{subject}"' if subject else "")


def judge_note(finding: Finding) -> str:
    """A note on whether the scorer changed at the place of the change."""
    if finding.cause == "judge":
        return "the scorer changed there as well: this may be the judge, not the app"
    return ""


def as_csv(history: History) -> str:
    """One line per version; numbers are plain, without units and marks."""
    metrics = text.score_names(history, "metrics")
    feedback = text.score_names(history, "feedback")
    output = io.StringIO()
    writer = csv.writer(output, lineterminator="\n")
    plain = [
        *("version", "commit", "subject", "authored", "dirty", "model_id", "model_name"),
        *("traces", "traces_coverage", "errors", "latency_p50_ms", "latency_p95_ms", "tokens"),
        *("cost", "unread"),
    ]
    parts = ("mean", "rows", "passed")
    scored = [("metrics", name) for name in metrics] + [("feedback", name) for name in feedback]
    heading = [f"{kind}.{name}.{part}" for kind, name in scored for part in parts]
    writer.writerow([_csv_cell(cell) for cell in [*plain, *heading, "partial"]])
    for record in history:
        data = record.to_dict()
        data["unread"] = " ".join(data["unread"])
        cells = [data[name] for name in plain]
        for kind, name in scored:
            cells += [data[kind].get(name, {}).get(part) for part in parts]
        writer.writerow([_csv_cell(cell) for cell in [*cells, history.partial]])
    return output.getvalue()


def as_markdown(history: History, now: datetime) -> list[str]:
    """A Markdown table and the findings, for a pull request or a wiki."""
    chosen = columns(history, now)
    lines = [f"**{markdown(line)}**" if line else "" for line in partial_lines(history)]
    lines.append("| " + " | ".join(markdown(column.heading) for column in chosen) + " |")
    lines.append(
        "|" + "|".join(" :-- " if column.is_left_aligned else " --: " for column in chosen) + "|"
    )
    for record in history:
        lines.append("| " + " | ".join(markdown(column.cell(record)) for column in chosen) + " |")
    lines += ["", *(f"{markdown(line)}" for line in legend(history)), ""]
    lines += [f"- {markdown(line.strip())}" for line in finding_lines(history)]
    return lines


def markdown(cell: str) -> str:
    """``cell`` as Markdown text in which nothing is markup."""
    return _MARKDOWN.sub(r"\\\1", printable(cell)).replace("\\<", "&lt;").replace("\\&", "&amp;")


def _csv_cell(value: object) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        return str(value)
    cell = printable(value)
    # Spreadsheets run what begins like a formula.
    return f"'{cell}" if cell.startswith(("=", "+", "-", "@")) else cell
