"""Opens what a history is read from: the repository, and the store that the settings name."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gitver_hooks.common.uris import without_credentials
from gitver_hooks.history.deadline import Deadline, DeadlinePassed, run_one
from gitver_hooks.history.reading import Reading, too_slow
from gitver_hooks.registry.failures import READING, MLflowFailure, explained
from gitver_hooks.registry.store import not_mlflow, open_store
from gitver_hooks.registry.tracked_store import worktree_tracking
from gitver_hooks.registry.tracking import Tracking, sqlite_file
from gitver_hooks.repository.repository import Repository, open_repository
from gitver_hooks.settings import Settings, load_settings

if TYPE_CHECKING:
    from mlflow import MlflowClient


@dataclass
class Source:
    """A repository, its settings, and the store of its models, opened when first needed."""

    repository: Repository
    settings: Settings
    tracking: Tracking
    environment: Mapping[str, str]
    seconds: float
    _reading: Reading | None = None

    def reading(self) -> Reading:
        """Access to MLflow, for ``seconds`` from the first call on.

        Raises MLflowFailure, also if nothing was ever recorded there.
        """
        if self._reading is None:
            # Importing takes seconds on a busy machine, which is not the server's fault.
            import mlflow  # noqa: F401

            self._reading = _open_reading(self.tracking, Deadline.after(self.seconds))
        return self._reading


@contextmanager
def open_source(
    path: str | os.PathLike[str], environment: Mapping[str, str], seconds: float
) -> Iterator[Source]:
    """What the history of the worktree around ``path`` is read from, in at most ``seconds``.

    Does not contact MLflow. Raises GitverError if there is no repository, if a setting is wrong, or
    if the store has not been allowed.
    """
    with open_repository(path, environment) as repository:
        settings = load_settings(repository)
        tracking = worktree_tracking(repository, settings)
        yield Source(repository, settings, tracking, environment, seconds)


def _open_reading(tracking: Tracking, deadline: Deadline) -> Reading:
    where = without_credentials(tracking.uri)
    file = sqlite_file(tracking.uri)
    if file is not None and not os.path.exists(file):
        raise MLflowFailure(
            f"nothing has been recorded yet: the MLflow store {where} does not exist",
            "run the app, or `gitver model`",
        )

    def find() -> tuple[MlflowClient, str]:
        with explained(tracking.uri, READING):
            client = open_store(tracking.uri, READING)
            return client, _experiment_id(client, tracking)

    try:
        client, identity = run_one(find, deadline)
    except DeadlinePassed as error:
        raise too_slow(tracking.uri, deadline) from error
    return Reading(client, identity, deadline)


def _experiment_id(client: MlflowClient, tracking: Tracking) -> str:
    """The experiment's id; unlike for registering, one that does not exist is not created."""
    experiment = tracking.experiment
    if experiment.id is not None:
        found = client.get_experiment(experiment.id)
    else:
        found = client.get_experiment_by_name(experiment.name)
    if found is None:
        raise MLflowFailure(
            f"nothing has been recorded yet: the experiment {experiment.name!r} does not exist at "
            f"{without_credentials(tracking.uri)}",
            "run the app or `gitver model`, or set `experiment`",
        )
    if not found.experiment_id:
        raise not_mlflow(client)
    return str(found.experiment_id)
