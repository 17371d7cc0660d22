"""MLflow's traces and their assessments as plain data, through the public search."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from gitver_hooks.history.models import ModelData

if TYPE_CHECKING:
    from mlflow import MlflowClient

PAGE = 500  # The largest page that MLflow's REST API serves.
# Spans are large.
_PAGE_WITH_SPANS = 100
# Clocks of the machines that send traces may differ from that of the one that registered.
_CLOCK_SKEW_MS = 3_600_000
FAILED, RUNNING = "ERROR", "IN_PROGRESS"

_MODEL, _RUN = "mlflow.modelId", "mlflow.sourceRun"
_TOKENS, _COST = "mlflow.trace.tokenUsage", "mlflow.trace.cost"
_ASSESSED_BY_RUN = "mlflow.assessment.sourceRunId"
_SCORER_DIGEST = "mlflow.assessment.scorerDigest"
_PLAIN_ID = re.compile(r"[\w.:/-]+")


@dataclass(frozen=True)
class Assessment:
    """One score or feedback. ``number`` is None if the value is neither a number nor yes/no.

    ``judge`` tells scorers apart: source type, source id and, if MLflow recorded it, the digest
    of the scorer's definition. ``run_id`` is the evaluation run that gave the score.
    """

    name: str
    number: float | None
    yes_no: bool
    text: str
    judge: str
    run_id: str | None
    rationale: str
    updated_ms: int


@dataclass(frozen=True)
class TraceData:
    """One trace without its spans. ``inputs`` and ``answer`` are previews, cut by MLflow."""

    trace_id: str
    model_id: str | None
    run_id: str | None
    state: str
    at_ms: int
    latency_ms: float | None
    tokens: float | None
    cost: float | None
    inputs: str
    answer: str
    assessments: tuple[Assessment, ...] = ()


class Period(NamedTuple):
    """From when until when, in ms since 1970; both are included, None is open.

    On a large store, a search with bounds is several times faster than one without.
    """

    since_ms: int = 0
    until_ms: int | None = None


@dataclass(frozen=True)
class ModelTraces:
    """The traces of one model in one experiment, and when they are from."""

    client: MlflowClient
    experiment_id: str
    model_id: str
    period: Period

    def with_spans(self, run_id: str, limit: int) -> Iterator[Any]:
        """Up to ``limit`` of MLflow's traces of a run, with their spans.

        MLflow leaves those whose spans were not stored out of the search.
        """
        return self._search(_run(run_id), "timestamp_ms DESC", limit, spans=True)

    def newest(self, limit: int, run_id: str | None = None) -> list[TraceData]:
        """Up to ``limit`` traces, newest first; only those of a run, if one is given."""
        clauses = [] if run_id is None else _run(run_id)
        return self._infos(clauses, "timestamp_ms DESC", limit)

    def newest_failed(self, limit: int) -> list[TraceData]:
        """Up to ``limit`` traces that ended with an error, newest first."""
        return self._infos([f"status = '{FAILED}'"], "timestamp_ms DESC", limit)

    def slowest(self, limit: int) -> list[TraceData]:
        """Up to ``limit`` traces, slowest first."""
        return self._infos([], "execution_time_ms DESC", limit)

    def _infos(self, clauses: Sequence[str], order: str, limit: int) -> list[TraceData]:
        return [trace_data(trace.info) for trace in self._search(clauses, order, limit)]

    def _search(
        self, clauses: Sequence[str], order: str, limit: int, *, spans: bool = False
    ) -> Iterator[Any]:
        size, count = _PAGE_WITH_SPANS if spans else PAGE, 0
        token: str | None = None
        while count < limit:
            page = self.client.search_traces(
                **locations(self.client, self.experiment_id),
                filter_string=" AND ".join([*self._clauses(), *clauses]),
                max_results=min(size, limit - count),
                order_by=[order],
                page_token=token,
                include_spans=spans,
            )
            yield from page
            count += len(page)
            token = page.token
            if not token:
                return

    def _clauses(self) -> Iterator[str]:
        yield f"request_metadata.`{_MODEL}` = '{checked_id(self.model_id)}'"
        if self.period.since_ms > 0:
            yield f"timestamp_ms >= {self.period.since_ms}"
        if self.period.until_ms is not None:
            yield f"timestamp_ms <= {self.period.until_ms}"


def traces_of(client: MlflowClient, experiment_id: str, model: ModelData) -> ModelTraces:
    """All traces of a model."""
    since_ms = max(0, model.created_ms - _CLOCK_SKEW_MS)
    return ModelTraces(client, experiment_id, model.model_id, Period(since_ms))


def _run(run_id: str) -> list[str]:
    return [f"run_id = '{checked_id(run_id)}'"]


def find_trace(client: MlflowClient, experiment_id: str, trace_id: str) -> TraceData | None:
    """The trace of that id in the experiment, None if it has none."""
    page = client.search_traces(
        **locations(client, experiment_id),
        filter_string=f"request_id = '{checked_id(trace_id)}'",
        max_results=1,
        include_spans=False,
    )
    return trace_data(page[0].info) if page else None


def full_texts(client: MlflowClient, trace: TraceData) -> tuple[str, str]:
    """The full inputs and answer of a trace as JSON text; the previews if it has no spans."""
    try:
        data = client.get_trace(trace.trace_id).data
    except Exception as error:
        # MLflow refuses traces whose spans were not stored.
        if getattr(error, "error_code", None) is None:
            raise
        return trace.inputs, trace.answer
    return str(data.request or trace.inputs), str(data.response or trace.answer)


def trace_data(info: Any) -> TraceData:
    """The plain data of MLflow's TraceInfo, of any MLflow 3."""
    metadata: Mapping[str, str] = getattr(info, "trace_metadata", None) or {}
    latency = getattr(info, "execution_duration", None)
    state = getattr(info, "state", None)
    return TraceData(
        trace_id=str(info.trace_id),
        model_id=metadata.get(_MODEL),
        run_id=metadata.get(_RUN),
        state=str(getattr(state, "value", state)),
        at_ms=int(info.request_time or 0),
        latency_ms=None if latency is None else float(latency),
        tokens=_json_number(metadata.get(_TOKENS), "total_tokens"),
        cost=_json_number(metadata.get(_COST), "total_cost"),
        inputs=str(info.request_preview or ""),
        answer=str(info.response_preview or ""),
        assessments=tuple(_assessments(getattr(info, "assessments", None) or ())),
    )


def _assessments(assessments: Iterable[Any]) -> Iterable[Assessment]:
    for assessment in assessments:
        # Expectations have no feedback, an overridden assessment is not valid, and one whose
        # scorer failed has no value.
        feedback = getattr(assessment, "feedback", None)
        if feedback is None or assessment.valid is False or feedback.value is None:
            continue
        metadata = assessment.metadata or {}
        source = assessment.source
        judge = f"{source.source_type} {source.source_id}"
        digest = metadata.get(_SCORER_DIGEST)
        number, yes_no = number_of(feedback.value)
        yield Assessment(
            name=str(assessment.name),
            number=number,
            yes_no=yes_no,
            text=text_of(feedback.value),
            judge=f"{judge} {digest[:19]}" if digest else judge,
            run_id=metadata.get(_ASSESSED_BY_RUN) or getattr(assessment, "run_id", None),
            rationale=str(assessment.rationale or ""),
            updated_ms=int(assessment.last_update_time_ms or 0),
        )


def number_of(value: object) -> tuple[float | None, bool]:
    """The number that ``value`` counts as, and whether it is yes or no.

    As in mlflow.genai.evaluate: booleans and the words yes and no count as 1 and 0.
    """
    if isinstance(value, bool):
        return float(value), True
    if isinstance(value, int | float):
        return float(value), False
    if isinstance(value, str) and value.lower() in ("yes", "no"):
        return float(value.lower() == "yes"), True
    return None, False


def text_of(value: object) -> str:
    """A value as a person would write it."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "yes" if value else "no"
    return json.dumps(value, default=str)


def _json_number(text: str | None, key: str) -> float | None:
    try:
        value = json.loads(text or "{}")[key]
        return float(value)
    except (ValueError, TypeError, KeyError):
        return None


def checked_id(identifier: str) -> str:
    # MLflow's filter language has no way to quote a quote.
    if not _PLAIN_ID.fullmatch(identifier):
        raise ValueError(f"{identifier!r} is not an id of MLflow's")
    return identifier


def locations(client: MlflowClient, experiment_id: str) -> dict[str, list[str]]:
    # MLflow 3.5 renamed the parameter and warns about the old name.
    parameters = inspect.signature(client.search_traces).parameters
    return {"locations" if "locations" in parameters else "experiment_ids": [experiment_id]}
