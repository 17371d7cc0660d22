"""Asks MLflow who uses a version: traces and runs, in whichever experiment they are."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, TypeVar

from gitver_hooks.history import models
from gitver_hooks.history.deadline import Deadline, run_all
from gitver_hooks.history.models import ModelData
from gitver_hooks.history.reading import Reading, too_slow
from gitver_hooks.history.traces import trace_exists
from gitver_hooks.registry.tracking import is_shared

if TYPE_CHECKING:
    from mlflow import MlflowClient

_ALL = 3  # mlflow.entities.ViewType.ALL: deleted runs and experiments can be restored.
_EXPERIMENTS, _RUNS = 500, 100
# More requests at a time would only slow down a server that others use.
_WORKERS = 4
# The clocks of the machines that log runs may differ from this one's.
_CLOCK_SKEW_MS = 3_600_000

T = TypeVar("T")


@dataclass(frozen=True)
class UsageReader:
    """Access to one MLflow store. ``seconds`` is how long each answer may take.

    Every method raises MLflowFailure.
    """

    client: MlflowClient
    experiment_id: str
    seconds: float

    @cached_property
    def experiments(self) -> list[str]:
        """All experiments: an app may trace into another one than that of its models."""

        def read() -> list[str]:
            pages = _pages(
                lambda token: self.client.search_experiments(view_type=_ALL, page_token=token)
            )
            return [str(experiment.experiment_id) for experiment in pages]

        return self.bounded(read)

    def dirty_models(self) -> list[ModelData]:
        """All dirty versions of the experiment."""
        return self.bounded(lambda: models.dirty_models(self.client, self.experiment_id))

    def model(self, model_id: str) -> ModelData | None:
        """The model as it is now; None if it is gone."""
        return self.bounded(lambda: models.read_model(self.client, model_id))

    def has_version(self, version: str) -> bool:
        """Whether any experiment has a model of the version."""
        return any(self._everywhere(lambda ids: models.has_version(self.client, ids, version)))

    def has_traces(self, model_id: str) -> bool:
        """Whether a trace is linked to the model, in any experiment."""
        return any(self._everywhere(lambda ids: trace_exists(self.client, ids, model_id)))

    def models_of_runs(self, since_ms: int) -> set[str]:
        """The models that a run names as its input or output.

        Runs that ended before ``since_ms`` (ms, Unix) are left out. Takes one request per run: a
        search for runs does not return which models they name (MLflow 3.17).
        """

        def search(identities: list[str]) -> list[str]:
            runs = _pages(
                lambda token: self.client.search_runs(
                    identities, run_view_type=_ALL, page_token=token
                )
            )
            since = since_ms - _CLOCK_SKEW_MS
            return [str(run.info.run_id) for run in runs if (run.info.end_time or since) >= since]

        run_ids = [run_id for ids in self._everywhere(search) for run_id in ids]
        return {model_id for ids in _batches(run_ids, _RUNS) for model_id in self._models_of(ids)}

    def _models_of(self, run_ids: list[str]) -> Iterator[str]:
        reading = self._reading()
        calls = {run_id: partial(self.client.get_run, run_id) for run_id in run_ids}
        workers = _WORKERS if is_shared(self.client.tracking_uri) else 1
        outcomes = run_all(calls, reading.deadline, workers)
        if len(outcomes) < len(calls):
            raise too_slow(self.client.tracking_uri, reading.deadline)
        for outcome in outcomes.values():
            if outcome.error is not None:
                raise reading.explain(outcome.error)
            yield from _models_of(outcome.value)

    def delete(self, model_id: str) -> None:
        """Delete the model. MLflow's SQL stores only mark it as deleted."""
        self.bounded(lambda: self.client.delete_logged_model(model_id))

    def _everywhere(self, search: Callable[[list[str]], T]) -> Iterator[T]:
        """The results of ``search`` for each batch of experiments."""
        for identities in _batches(self.experiments, _EXPERIMENTS):
            yield self.bounded(partial(search, identities))

    def bounded(self, call: Callable[[], T]) -> T:
        """The result of ``call``. Raises MLflowFailure if it takes too long."""
        return self._reading().bounded(call)

    def _reading(self) -> Reading:
        return Reading(self.client, self.experiment_id, Deadline.after(self.seconds))


def _models_of(run: Any) -> Iterator[str]:
    inputs, outputs = getattr(run, "inputs", None), getattr(run, "outputs", None)
    named = [
        *(getattr(inputs, "model_inputs", None) or ()),
        *(getattr(outputs, "model_outputs", None) or ()),
    ]
    return (str(model.model_id) for model in named)


def _batches(identities: Sequence[str], size: int) -> Iterator[list[str]]:
    for start in range(0, len(identities), size):
        yield list(identities[start : start + size])


def _pages(search: Callable[[str | None], Any]) -> Iterator[Any]:
    token: str | None = None
    while True:
        page = search(token)
        yield from page
        token = page.token
        if not token:
            return
