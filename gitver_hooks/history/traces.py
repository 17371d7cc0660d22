"""Finds traces through MLflow's public search."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from gitver_hooks.history.models import ModelData
from gitver_hooks.history.trace_data import FAILED, MODEL_KEY, TraceData, trace_data

if TYPE_CHECKING:
    from mlflow import MlflowClient

PAGE = 500  # The largest page that MLflow's REST API serves.
# Spans are large.
_PAGE_WITH_SPANS = 100
# Clocks of the machines that send traces may differ from that of the one that registered.
_CLOCK_SKEW_MS = 3_600_000
_PLAIN_ID = re.compile(r"[\w.:/-]+")


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
        yield f"request_metadata.`{MODEL_KEY}` = '{checked_id(self.model_id)}'"
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


def trace_exists(client: MlflowClient, experiment_ids: list[str], model_id: str) -> bool:
    """Whether a trace in one of the experiments is linked to the model."""
    page = client.search_traces(
        **_locations(client, experiment_ids),
        filter_string=f"request_metadata.`{MODEL_KEY}` = '{checked_id(model_id)}'",
        max_results=1,
        include_spans=False,
    )
    return bool(page)


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


def checked_id(identifier: str) -> str:
    """``identifier``, if it is safe in a filter. Raises ValueError otherwise."""
    # MLflow's filter language has no way to quote a quote.
    if not _PLAIN_ID.fullmatch(identifier):
        raise ValueError(f"{identifier!r} is not an id of MLflow's")
    return identifier


def locations(client: MlflowClient, experiment_id: str) -> dict[str, list[str]]:
    """The parameter of ``search_traces`` for the experiment, by the name that it has."""
    return _locations(client, [experiment_id])


def _locations(client: MlflowClient, experiment_ids: list[str]) -> dict[str, list[str]]:
    # MLflow 3.5 renamed the parameter and warns about the old name.
    parameters = inspect.signature(client.search_traces).parameters
    return {"locations" if "locations" in parameters else "experiment_ids": experiment_ids}
