"""Show everything about one version: its commit, params, scores, traces, and MLflow's page.

WHAT may be a commit as git understands it, a version id or a prefix of one, a model id or name, a
trace id, HEAD, or @dirty for the worktree as it is now (the default).
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from datetime import datetime, timezone

from gitver_hooks.commands.app_option import add_app_option, app_folder
from gitver_hooks.commands.log import add_deadline
from gitver_hooks.common.printing import shortened, show
from gitver_hooks.history import text
from gitver_hooks.history.details import Details, read_details
from gitver_hooks.history.records import VersionRecord
from gitver_hooks.history.resolve import WORKTREE
from gitver_hooks.history.source import open_source
from gitver_hooks.history.trace_data import Assessment, TraceData
from gitver_hooks.history.version_numbers import TraceNumbers
from gitver_hooks.registry.own_process import prepare_own_process

_MOST_FILES = 20
_LONGEST_TEXT = 300


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "name", nargs="?", default=WORKTREE, metavar="WHAT", help="a version, model or trace"
    )
    add_deadline(parser)
    add_app_option(parser)


def run(arguments: argparse.Namespace) -> int:
    prepare_own_process(arguments.deadline)
    with open_source(app_folder(arguments), arguments.environment, arguments.deadline) as source:
        details = read_details(source, arguments.name)
    for line in lines(details, datetime.now(timezone.utc)):
        show(line)
    return 0


def lines(details: Details, now: datetime) -> Iterator[str]:
    """The lines of the command's output."""
    for note in details.notes:
        yield f"PARTIAL: {note}"
    if details.trace is not None:
        yield from _trace(details)
        yield ""
    yield from _code(details, now)
    record = details.record
    if record.model_id is None:
        yield "model      not registered: `gitver model` registers the worktree's version"
        return
    yield f"model      {record.model_id}  {record.model_name}"
    if details.page:
        yield f"MLflow     {details.page}"
    for key, value in sorted(details.params.items()):
        yield f"param      {key} = {_cut(value)}"
    yield from _scores(record)
    yield from _numbers("evaluation", record.evaluation)
    yield from _numbers("traces", record.live)
    for heading, traces in (("slowest", details.slowest), ("failed", details.failed)):
        for trace in traces:
            yield f"{heading:<10} {_summary(trace)}"


def _code(details: Details, now: datetime) -> Iterator[str]:
    record = details.record
    yield f"version    {record.version} ({'dirty' if record.dirty else 'clean'})"
    yield f"commit     {record.commit} {record.subject}".rstrip()
    if record.authored:
        age = text.age(record.authored, now)
        yield f"author     {details.author}, {record.authored} ({age} ago)"
    if details.branch:
        yield f"branch     {details.branch}"
    for path in details.files[:_MOST_FILES]:
        yield f"changed    {path}"
    if len(details.files) > _MOST_FILES:
        yield f"changed    … and {len(details.files) - _MOST_FILES} more"


def _scores(record: VersionRecord) -> Iterator[str]:
    for heading, scores in (("score", record.metrics), ("feedback", record.feedback)):
        for name, score in sorted(scores.items()):
            judges = f"  by {', '.join(score.judges)}" if score.judges else ""
            yield f"{heading:<10} {name}: {text.score(score)} {text.of_rows(score)}{judges}"


def _numbers(heading: str, numbers: TraceNumbers) -> Iterator[str]:
    parts = [f"{text.count(numbers)} traces"]
    if numbers.traces:
        failed = "?" if numbers.errors is None else str(numbers.errors)
        parts += [
            f"{failed} failed ({text.trace_number(numbers, 'error_rate')})",
            f"p50 {text.trace_number(numbers, 'latency_p50_ms')}",
            f"p95 {text.trace_number(numbers, 'latency_p95_ms')}",
            f"{text.trace_number(numbers, 'tokens')} tokens",
            f"{text.trace_number(numbers, 'cost')} each",
        ]
    yield f"{heading:<10} {', '.join(parts)}"


def _trace(details: Details) -> Iterator[str]:
    if details.trace is None:
        return
    trace = details.trace.trace
    latency = text.NOTHING if trace.latency_ms is None else text.milliseconds(trace.latency_ms)
    at = datetime.fromtimestamp(trace.at_ms / 1000, timezone.utc)
    yield f"trace      {trace.trace_id} {trace.state}, {latency}, {at:%Y-%m-%d %H:%M:%S} UTC"
    yield f"inputs     {_cut(details.trace.inputs)}"
    yield f"answer     {_cut(details.trace.answer)}"
    for assessment in trace.assessments:
        yield f"score      {_assessment(assessment)}"


def _assessment(assessment: Assessment) -> str:
    why = f": {_cut(assessment.rationale)}" if assessment.rationale else ""
    return f"{assessment.name} {_cut(assessment.text)} by {assessment.judge}{why}"


def _summary(trace: TraceData) -> str:
    latency = text.NOTHING if trace.latency_ms is None else text.milliseconds(trace.latency_ms)
    kind = " (evaluation)" if trace.run_id else ""
    return f"{trace.trace_id}{kind} {trace.state} {latency}  {_cut(trace.inputs)}"


def _cut(value: str) -> str:
    return shortened(value, _LONGEST_TEXT)
