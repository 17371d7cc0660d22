"""Reads everything about one version: its record, its changes, its slowest and failed traces."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote

from gitver_hooks.common.uris import without_credentials
from gitver_hooks.history.deadline import run_all
from gitver_hooks.history.join import commit_record, version_record
from gitver_hooks.history.models import ModelData
from gitver_hooks.history.records import Resolved, VersionRecord
from gitver_hooks.history.resolve import resolve
from gitver_hooks.history.source import Source
from gitver_hooks.history.trace_data import TraceData
from gitver_hooks.history.traces import full_texts
from gitver_hooks.history.walk import CommitData, read_commit
from gitver_hooks.registry.tags import BRANCH_TAG, DIFF_TAG
from gitver_hooks.repository import changed_files as commit_changes

if TYPE_CHECKING:
    from gitver_hooks.history.reading import Reading

_MOST_TRACES = 5
# Ours, and that of mlflow.genai.enable_git_model_versioning().
_DIFF_TAGS = (DIFF_TAG, "mlflow.source.git.diff")
_DIFFED = re.compile(r"^diff --git \"?a/.+ \"?b/(.+?)\"?$", re.M)


@dataclass(frozen=True)
class TraceDetails:
    """One trace with its full inputs and answer, as JSON text."""

    trace: TraceData
    inputs: str
    answer: str


@dataclass(frozen=True)
class Details:
    """One version. ``notes`` say what could not be read, a line each."""

    record: VersionRecord
    author: str
    branch: str | None
    files: tuple[str, ...]
    params: Mapping[str, str]
    slowest: tuple[TraceData, ...] = ()
    failed: tuple[TraceData, ...] = ()
    trace: TraceDetails | None = None
    page: str | None = None
    notes: tuple[str, ...] = ()


def read_details(source: Source, name: str) -> Details:
    """The details of what the user named. Raises GitverError, also if nothing could be read."""
    resolved = resolve(source, name)
    commit = _commit(source, resolved)
    model = None if resolved.model_id is None else source.reading().model(resolved.model_id)
    if model is None:
        record = commit_record(commit)
        return Details(record, commit.author, None, _files(source, resolved, None), {})
    reading = source.reading()
    outcome = reading.numbers([model]).get(model.model_id)
    if outcome is not None and outcome.error is not None:
        raise reading.explain(outcome.error)
    record = version_record(commit, model, outcome)
    notes = () if outcome is not None else (f"its traces were not read in {source.seconds:g} s",)
    slowest, failed, trace_notes = _notable(reading, model)
    return Details(
        record=record,
        author=commit.author,
        branch=model.tags.get(BRANCH_TAG),
        files=_files(source, resolved, model),
        params=model.params,
        slowest=slowest,
        failed=failed,
        trace=_trace(reading, resolved.trace_id),
        page=model_page(source.tracking.uri, model),
        notes=(*notes, *trace_notes),
    )


def model_page(tracking_uri: str, model: ModelData) -> str | None:
    """The address of the model's page in MLflow; None if the store is not a server."""
    if not tracking_uri.startswith(("http://", "https://")):
        return None
    server = without_credentials(tracking_uri).rstrip("/")
    experiment, identity = quote(model.experiment_id, safe=""), quote(model.model_id, safe="")
    return f"{server}/#/experiments/{experiment}/models/{identity}"


def _commit(source: Source, resolved: Resolved) -> CommitData:
    if resolved.commit is None:
        # The version was registered from a clone that has more commits than this one.
        return CommitData(resolved.version.partition("-")[0], "", "", "", 0)
    return read_commit(source.repository, resolved.commit)


def _files(source: Source, resolved: Resolved, model: ModelData | None) -> tuple[str, ...]:
    """The files that a dirty version changed, by its recorded diff, or that its commit changed."""
    if resolved.dirty:
        diffs = (model.tags.get(tag) for tag in _DIFF_TAGS) if model is not None else ()
        return tuple(_DIFFED.findall(next((diff for diff in diffs if diff), "")))
    if resolved.commit is None:
        return ()
    commit = commit_changes.read_commit(source.repository, bytes.fromhex(resolved.commit))
    files = commit_changes.changed_files(source.repository, commit) if commit else ()
    return tuple(file.path.decode("utf-8", "backslashreplace") for file in files)


def _notable(
    reading: Reading, model: ModelData
) -> tuple[tuple[TraceData, ...], tuple[TraceData, ...], tuple[str, ...]]:
    """The slowest and the newest failed traces, and what could not be read of them."""
    traces = reading.traces_of(model)
    outcomes = run_all(
        {
            "slowest": lambda: traces.slowest(_MOST_TRACES),
            "failed": lambda: traces.newest_failed(_MOST_TRACES),
        },
        reading.deadline,
        1,
    )
    traces_by_kind = {
        name: outcome.value for name, outcome in outcomes.items() if outcome.error is None
    }
    notes = [
        f"the {name} traces were not read"
        for name in ("slowest", "failed")
        if name not in traces_by_kind
    ]
    return (
        tuple(traces_by_kind.get("slowest") or ()),
        tuple(traces_by_kind.get("failed") or ()),
        tuple(notes),
    )


def _trace(reading: Reading, trace_id: str | None) -> TraceDetails | None:
    if trace_id is None:
        return None
    trace = reading.trace(trace_id)
    if trace is None:
        return None
    inputs, answer = reading.bounded(lambda: full_texts(reading.client, trace))
    return TraceDetails(trace, inputs, answer)
