"""Reads the numbers of versions from MLflow within a deadline; missing ones are never estimated."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from gitver_hooks.common.uris import without_credentials
from gitver_hooks.history import models
from gitver_hooks.history.deadline import Deadline, DeadlinePassed, Outcome, run_all, run_one
from gitver_hooks.history.model_numbers import ModelNumbers, read_numbers
from gitver_hooks.history.models import ModelData
from gitver_hooks.history.trace_data import TraceData
from gitver_hooks.history.traces import ModelTraces, find_trace, traces_of
from gitver_hooks.registry.failures import READING, MLflowFailure, explain

if TYPE_CHECKING:
    from mlflow import MlflowClient

# SQLite computes without Python's global lock, but the code around it needs that lock.
_WORKERS = {"http": 4, "https": 4, "sqlite": 2}

T = TypeVar("T")
A = TypeVar("A")


@dataclass(frozen=True)
class Reading:
    """Access to one experiment of one MLflow store until the deadline.

    ``apps`` are the values of ``ModelData.app`` that belong to the app whose history is read.
    """

    client: MlflowClient
    experiment_id: str
    deadline: Deadline
    apps: tuple[str, ...] = ("",)

    def models_of_commits(self, commits: Sequence[str]) -> list[ModelData]:
        """The models of the versions of ``commits``. Raises MLflowFailure."""
        return self._of_app(self._ask(models.models_of_commits, list(commits)))

    def models_of_trees(self, trees: Sequence[str]) -> list[ModelData]:
        """The models of the versions that have one of ``trees``. Raises MLflowFailure."""
        return self._of_app(self._ask(models.models_of_trees, list(trees)))

    def models_named(self, name: str) -> list[ModelData]:
        """The models of that name. Raises MLflowFailure."""
        return self._ask(models.models_named, name)

    def models_of_version(self, version: str) -> list[ModelData]:
        """The models of that version id. Raises MLflowFailure."""
        return self._of_app(self._ask(models.models_of_version, version))

    def model(self, model_id: str) -> ModelData | None:
        """The model of that id, None if there is none. Raises MLflowFailure."""
        return self.bounded(lambda: models.read_model(self.client, model_id))

    def trace(self, trace_id: str) -> TraceData | None:
        """The trace of that id, None if the experiment has none. Raises MLflowFailure."""
        return self._ask(find_trace, trace_id)

    def numbers(self, wanted: Sequence[ModelData]) -> dict[str, Outcome[ModelNumbers]]:
        """The numbers by model id, of those models that could be read before the deadline."""
        calls = {
            model.model_id: partial(read_numbers, model, self.traces_of(model)) for model in wanted
        }
        scheme = self.client.tracking_uri.partition(":")[0]
        return run_all(calls, self.deadline, _WORKERS.get(scheme, 1))

    def traces_of(self, model: ModelData) -> ModelTraces:
        """The traces of a model, for searches that are made with ``bounded``."""
        return traces_of(self.client, self.experiment_id, model)

    def explain(self, error: BaseException) -> MLflowFailure:
        """The failure that explains an exception of MLflow's client."""
        return explain(error, self.client.tracking_uri, READING)

    def bounded(self, call: Callable[[], T]) -> T:
        """The result of ``call``. Raises MLflowFailure if it fails or exceeds the deadline."""
        try:
            return run_one(call, self.deadline)
        except DeadlinePassed as error:
            raise too_slow(self.client.tracking_uri, self.deadline) from error
        except Exception as error:
            raise self.explain(error) from error

    def _of_app(self, models: list[ModelData]) -> list[ModelData]:
        return [model for model in models if model.app in self.apps]

    def _ask(self, function: Callable[[MlflowClient, str, A], T], argument: A) -> T:
        return self.bounded(lambda: function(self.client, self.experiment_id, argument))


def too_slow(tracking_uri: str, deadline: Deadline) -> MLflowFailure:
    """The failure of a store that does not answer before the deadline."""
    return MLflowFailure(
        f"MLflow at {without_credentials(tracking_uri)} did not answer within "
        f"{deadline.seconds:g} seconds",
        "check that it is up, or allow more time with --deadline",
    )
