"""Reads the numbers of versions from MLflow: within a deadline, never guessing what is missing."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from gitver_hooks.common.uris import without_credentials
from gitver_hooks.history import models, numbers
from gitver_hooks.history.deadline import Deadline, DeadlinePassed, Outcome, run_all, run_one
from gitver_hooks.history.models import ModelData
from gitver_hooks.history.trace_metrics import ServerNumbers
from gitver_hooks.history.traces import FAILED, PAGE, TraceData, find_trace, search
from gitver_hooks.history.version_numbers import Coverage, Score, TraceNumbers
from gitver_hooks.registry.failures import READING, MLflowFailure, explain

if TYPE_CHECKING:
    from mlflow import MlflowClient

# The newest live traces of a version that are read; fewer if the server adds up all but the cost.
SAMPLE = 200
_SAMPLE_FOR_COST = 100
# More evaluated rows than this are not read: no evaluation by hand or judge is that large.
_MOST_ROWS = 4 * PAGE
_MOST_RANKS = 100
# More threads only get in each other's way if the store is computed with in this process.
_WORKERS = {"http": 4, "https": 4}
# Clocks of the machines that send traces may differ from that of the one that registered.
_CLOCK_SKEW_MS = 3_600_000
_MEAN = "/mean"

T = TypeVar("T")
A = TypeVar("A")


@dataclass(frozen=True)
class ModelNumbers:
    """All numbers of one model; ``complete`` is False if evaluated rows were left out."""

    live: TraceNumbers
    evaluation: TraceNumbers
    metrics: dict[str, Score]
    feedback: dict[str, Score]
    complete: bool = True


@dataclass(frozen=True)
class Reading:
    """Access to one experiment of one MLflow store until the deadline."""

    client: MlflowClient
    experiment_id: str
    deadline: Deadline

    def models_of_commits(self, commits: Sequence[str]) -> list[ModelData]:
        """The models of the versions of ``commits``. Raises MLflowFailure."""
        return self._ask(models.models_of_commits, list(commits))

    def models_named(self, name: str) -> list[ModelData]:
        """The models of that name. Raises MLflowFailure."""
        return self._ask(models.models_named, name)

    def models_of_version(self, version: str) -> list[ModelData]:
        """The models of that version id. Raises MLflowFailure."""
        return self._ask(models.models_of_version, version)

    def model(self, model_id: str) -> ModelData | None:
        """The model of that id, None if there is none. Raises MLflowFailure."""
        return self.bounded(lambda: models.read_model(self.client, model_id))

    def trace(self, trace_id: str) -> TraceData | None:
        """The trace of that id, None if the experiment has none. Raises MLflowFailure."""
        return self._ask(find_trace, trace_id)

    def numbers(self, wanted: Sequence[ModelData]) -> dict[str, Outcome[ModelNumbers]]:
        """The numbers by model id, of those models that could be read before the deadline."""
        calls = {
            model.model_id: partial(read_numbers, self.client, self.experiment_id, model)
            for model in wanted
        }
        scheme = self.client.tracking_uri.partition(":")[0]
        return run_all(calls, self.deadline, _WORKERS.get(scheme, 1))

    def explain(self, error: BaseException) -> MLflowFailure:
        """What an exception of MLflow's client means, in one line."""
        return explain(error, self.client.tracking_uri, READING)

    def bounded(self, call: Callable[[], T]) -> T:
        """What ``call`` returns; MLflowFailure if it fails or takes longer than the deadline."""
        try:
            return run_one(call, self.deadline)
        except DeadlinePassed as error:
            raise too_slow(self.client.tracking_uri, self.deadline) from error
        except Exception as error:
            raise self.explain(error) from error

    def _ask(self, function: Callable[[MlflowClient, str, A], T], argument: A) -> T:
        return self.bounded(lambda: function(self.client, self.experiment_id, argument))


def too_slow(tracking_uri: str, deadline: Deadline) -> MLflowFailure:
    """The failure of a store that does not answer before the deadline."""
    return MLflowFailure(
        f"MLflow at {without_credentials(tracking_uri)} did not answer within "
        f"{deadline.seconds:g} seconds",
        "check that it is up, or allow more time with --deadline",
    )


def read_numbers(client: MlflowClient, experiment_id: str, model: ModelData) -> ModelNumbers:
    """The numbers of one model, as exact as this MLflow allows; several requests."""
    since = max(0, model.created_ms - _CLOCK_SKEW_MS)
    server = ServerNumbers(client, experiment_id, model.model_id, since)
    states = server.count_by_state()
    if states is not None and not sum(states.values()):
        empty = TraceNumbers(traces=0, errors=0, coverage="exact")
        return ModelNumbers(empty, empty, _logged_means(model), {})

    def find(run_id: str | None, limit: int) -> list[TraceData]:
        return search(
            client,
            experiment_id,
            model_id=model.model_id,
            run_id=run_id,
            since_ms=since,
            limit=limit,
        )

    by_run = {run_id: find(run_id, _MOST_ROWS) for run_id in model.run_ids}
    evaluated = evaluation_traces(by_run)
    many = states is not None and sum(states.values()) > SAMPLE + len(evaluated)
    sample = _SAMPLE_FOR_COST if many else SAMPLE
    newest = find(None, sample + len(evaluated))
    for run_id in unlogged_runs(newest) - set(by_run):
        by_run[run_id] = find(run_id, _MOST_ROWS)
    evaluated = evaluation_traces(by_run)
    live_traces = [t for t in newest if t.trace_id not in evaluated][:sample]
    metrics = _logged_means(model)
    for run_id, rows in by_run.items():
        metrics.update(numbers.run_scores(rows, run_id))
    evaluation = numbers.trace_numbers(list(evaluated.values()))
    every = len(newest) < sample + len(evaluated)
    live, feedback = _live_numbers(server, states, evaluated, live_traces, tuple(by_run), every)
    complete = all(len(rows) < _MOST_ROWS for rows in by_run.values())
    return ModelNumbers(live, evaluation, metrics, feedback, complete)


def evaluation_traces(by_run: dict[str, list[TraceData]]) -> dict[str, TraceData]:
    """The traces that the evaluation runs produced, by id.

    A run may also have scored existing traces; those were produced by the app and stay live.
    """
    return {t.trace_id: t for rows in by_run.values() for t in rows if t.run_id in by_run}


def unlogged_runs(traces: Sequence[TraceData]) -> set[str]:
    """Runs that produced and scored traces, but whose metrics are not on the model."""
    return {
        trace.run_id
        for trace in traces
        if trace.run_id and any(a.run_id == trace.run_id for a in trace.assessments)
    }


def _live_numbers(
    server: ServerNumbers,
    states: dict[str, int] | None,
    evaluated: dict[str, TraceData],
    newest: list[TraceData],
    runs: tuple[str, ...],
    every: bool,
) -> tuple[TraceNumbers, dict[str, Score]]:
    rows = list(evaluated.values())
    feedback = numbers.feedback_scores(newest)
    count = None if states is None else sum(states.values()) - len(rows)
    if every or (count is not None and count <= len(newest)):
        return numbers.trace_numbers(newest), feedback
    sampled = ("latency_p50_ms", "latency_p95_ms", "tokens", "cost")
    coverage: Coverage = "at least"
    live = numbers.trace_numbers(newest, coverage)
    if states is None or count is None:
        return replace(live, sampled=(*sampled, "feedback")), feedback
    failed = states.get(FAILED, 0) - sum(t.state == FAILED for t in rows)
    live = replace(live, traces=count, errors=max(0, failed), coverage="exact", sampled=sampled)
    live = _exact_latency(server, states, rows, live)
    live = _exact_tokens(server, rows, live)
    counts = server.feedback_counts()
    if counts is None:
        return replace(live, sampled=(*live.sampled, "feedback")), feedback
    return live, numbers.feedback_from_counts(counts, rows, runs)


def _exact_latency(
    server: ServerNumbers, states: dict[str, int], rows: list[TraceData], live: TraceNumbers
) -> TraceNumbers:
    evaluated = [t.latency_ms for t in rows if t.latency_ms is not None]
    if len(evaluated) > _MOST_RANKS:
        return live
    ended = sum(count for state, count in states.items() if state != "IN_PROGRESS")
    if ended <= len(evaluated):
        return live
    ranks = {*numbers.ranks_for_live(ended, len(evaluated), 0.50)}
    ranks |= {*numbers.ranks_for_live(ended, len(evaluated), 0.95)}
    values = server.latencies_at(sorted(ranks), ended)
    if values is None:
        return live
    p50 = numbers.live_latency(values, ended, evaluated, 0.50)
    p95 = numbers.live_latency(values, ended, evaluated, 0.95)
    sampled = tuple(name for name in live.sampled if not name.startswith("latency"))
    return replace(live, latency_p50_ms=p50, latency_p95_ms=p95, sampled=sampled)


def _exact_tokens(server: ServerNumbers, rows: list[TraceData], live: TraceNumbers) -> TraceNumbers:
    totals = server.token_totals()
    if totals is None:
        return live
    evaluated = [t.tokens for t in rows if t.tokens is not None]
    total, count = totals[0] - sum(evaluated), totals[1] - len(evaluated)
    sampled = tuple(name for name in live.sampled if name != "tokens")
    return replace(live, tokens=total / count if count > 0 else None, sampled=sampled)


def _logged_means(model: ModelData) -> dict[str, Score]:
    """The metrics logged on the model itself, whose rows are not known."""
    return {
        name.removesuffix(_MEAN): Score(metric.value if math.isfinite(metric.value) else None)
        for name, metric in model.metrics.items()
    }


def unread_numbers(model: ModelData) -> ModelNumbers:
    """What is known of a model whose traces were not read."""
    return ModelNumbers(TraceNumbers(), TraceNumbers(), _logged_means(model), {}, complete=False)
