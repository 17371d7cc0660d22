"""Reads the evaluated rows of one version from MLflow, with complete inputs and answers."""

from __future__ import annotations

import json
from typing import Any

from gitver_hooks.history.evaluated_rows import Row, Value
from gitver_hooks.history.model_numbers import SAMPLE, unlogged_runs
from gitver_hooks.history.models import ModelData
from gitver_hooks.history.numbers import belongs_to_run
from gitver_hooks.history.reading import Reading
from gitver_hooks.history.trace_data import FAILED, TraceData, trace_data
from gitver_hooks.history.traces import ModelTraces

_MOST_ROWS = 2000
_PREVIEW = 1000

_FullTrace = tuple[TraceData, str, str]


def read_rows(reading: Reading, model: ModelData) -> list[Row]:
    """The rows of the version's evaluations; each metric's scores are those of its newest run.

    Reads the spans: MLflow's previews are cut at 1,000 characters, and show only the last message
    of a conversation, so different inputs may have equal previews. Raises MLflowFailure.
    """
    return reading.bounded(lambda: _read_rows(model, reading.traces_of(model)))


def _read_rows(model: ModelData, traces: ModelTraces) -> list[Row]:
    rows: list[Row] = []
    scored: set[str] = set()
    for run_id, of_run in _runs_newest_first(model, traces):
        run_rows = [_row(trace, run_id, scored) for trace in of_run]
        # Older runs count for the metrics that newer ones do not have.
        rows += [row for row in run_rows if row.scores or not rows]
        scored |= {name for row in run_rows for name in row.scores}
    return rows


def _runs_newest_first(model: ModelData, traces: ModelTraces) -> list[tuple[str, list[_FullTrace]]]:
    """The ids and traces of the version's evaluation runs that have traces."""
    runs = {
        run_id: of_run
        for run_id in {*model.run_ids, *unlogged_runs(traces.newest(SAMPLE))}
        if (of_run := _traces_of_run(traces, run_id))
    }

    def age(run_id: str) -> tuple[int, str]:
        return max(info.at_ms for info, _, _ in runs[run_id]), run_id

    return [(run_id, runs[run_id]) for run_id in sorted(runs, key=age, reverse=True)]


def _traces_of_run(traces: ModelTraces, run_id: str) -> list[_FullTrace]:
    """All traces of the run, also those whose spans were not stored."""
    full = [_full(trace) for trace in traces.with_spans(run_id, _MOST_ROWS)]
    ids = {info.trace_id for info, _, _ in full}
    # Cut previews are no basis for pairing rows.
    missing = [
        trace
        for trace in traces.newest(_MOST_ROWS, run_id)
        if trace.trace_id not in ids and len(trace.inputs) < _PREVIEW
    ]
    return full + [(trace, trace.inputs, trace.answer) for trace in missing]


def _full(trace: Any) -> _FullTrace:
    info = trace_data(trace.info)
    inputs = getattr(trace.data, "request", None) or info.inputs
    answer = getattr(trace.data, "response", None) or info.answer
    return info, str(inputs), str(answer)


def _row(trace: _FullTrace, run_id: str, without: set[str]) -> Row:
    info, inputs, answer = trace
    scores: dict[str, Value] = {}
    for assessment in sorted(info.assessments, key=lambda a: a.updated_ms):
        if belongs_to_run(assessment, info, run_id) and assessment.name not in without:
            scores[assessment.name] = Value(
                assessment.number, assessment.text, assessment.judge, assessment.rationale
            )
    failed = info.state == FAILED
    return Row(
        input_key(inputs),
        info.trace_id,
        inputs,
        answer,
        failed,
        scores,
        info.latency_ms,
        info.cost,
    )


def input_key(inputs: str) -> str:
    """The inputs with their keys in order."""
    try:
        return json.dumps(json.loads(inputs), sort_keys=True, ensure_ascii=False)
    except ValueError:
        return inputs
