"""Reads the evaluated rows of one version from MLflow, with complete inputs and answers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from gitver_hooks.history.evaluated_rows import Row, Value
from gitver_hooks.history.models import ModelData
from gitver_hooks.history.numbers import belongs_to_run
from gitver_hooks.history.reading import SAMPLE, Reading, unlogged_runs
from gitver_hooks.history.traces import (
    FAILED,
    TraceData,
    checked_id,
    locations,
    search,
    trace_data,
)

if TYPE_CHECKING:
    from mlflow import MlflowClient

# Spans are large, so pages are small.
_PAGE = 100
_MOST_ROWS = 2000
_PREVIEW = 1000

_FullTrace = tuple[TraceData, str, str]


def read_rows(reading: Reading, model: ModelData) -> list[Row]:
    """The rows of the version's evaluations; each metric's scores are those of its newest run.

    Reads the spans: MLflow's previews are cut at 1,000 characters, and show only the last message
    of a conversation, so different inputs may have equal previews. Raises MLflowFailure.
    """
    return reading.bounded(lambda: _read_rows(reading.client, reading.experiment_id, model))


def _read_rows(client: MlflowClient, experiment_id: str, model: ModelData) -> list[Row]:
    rows: list[Row] = []
    known: set[str] = set()
    for run_id, traces in _runs_newest_first(client, experiment_id, model):
        found = [_row(trace, run_id, known) for trace in traces]
        # Older runs count for the metrics that newer ones do not have.
        rows += [row for row in found if row.scores or not rows]
        known |= {name for row in found for name in row.scores}
    return rows


def _runs_newest_first(
    client: MlflowClient, experiment_id: str, model: ModelData
) -> list[tuple[str, list[_FullTrace]]]:
    """The ids and traces of the version's evaluation runs that have traces."""
    newest = search(client, experiment_id, model_id=model.model_id, limit=SAMPLE)
    runs = {
        run_id: traces
        for run_id in {*model.run_ids, *unlogged_runs(newest)}
        if (traces := _all_traces_of_run(client, experiment_id, model.model_id, run_id))
    }

    def age(run_id: str) -> tuple[int, str]:
        return max(info.at_ms for info, _, _ in runs[run_id]), run_id

    return [(run_id, runs[run_id]) for run_id in sorted(runs, key=age, reverse=True)]


def _all_traces_of_run(
    client: MlflowClient, experiment_id: str, model_id: str, run_id: str
) -> list[_FullTrace]:
    """The traces of the run; MLflow leaves those without spans out of a search for spans."""
    full = list(_traces_of_run(client, experiment_id, model_id, run_id))
    known = {info.trace_id for info, _, _ in full}
    every = search(client, experiment_id, model_id=model_id, run_id=run_id, limit=_MOST_ROWS)
    # Cut previews are no basis for pairing rows.
    missing = (t for t in every if t.trace_id not in known and len(t.inputs) < _PREVIEW)
    return full + [(trace, trace.inputs, trace.answer) for trace in missing]


def _traces_of_run(
    client: MlflowClient, experiment_id: str, model_id: str, run_id: str
) -> Iterator[_FullTrace]:
    token: str | None = None
    count = 0
    while count < _MOST_ROWS:
        page = client.search_traces(
            **locations(client, experiment_id),
            filter_string=f"request_metadata.`mlflow.modelId` = '{checked_id(model_id)}' "
            f"AND run_id = '{checked_id(run_id)}'",
            max_results=_PAGE,
            page_token=token,
            include_spans=True,
        )
        for trace in page:
            yield _full(trace)
        count += len(page)
        token = page.token
        if not token:
            return


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
