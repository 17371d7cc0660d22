"""Opens the sources of a history: the repository, and the store that the settings name."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from gitver_hooks.common.uris import without_credentials
from gitver_hooks.gitfiles.scope import Scope
from gitver_hooks.history.deadline import Deadline, DeadlinePassed, run_one
from gitver_hooks.history.parts import Parts
from gitver_hooks.history.reading import Reading, too_slow
from gitver_hooks.registry.failures import READING, MLflowFailure, explained
from gitver_hooks.registry.store import not_mlflow, open_store
from gitver_hooks.registry.tracked_store import worktree_tracking
from gitver_hooks.registry.tracking import Tracking, sqlite_file
from gitver_hooks.repository.remote import remote_url
from gitver_hooks.repository.repository import Repository, open_repository
from gitver_hooks.settings import Settings, load_settings
from gitver_hooks.version.identify import scope_of
from gitver_hooks.version.model_name import app_name
from gitver_hooks.version.version import TREE_PREFIX

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

    @cached_property
    def app(self) -> str:
        """The name of the app."""
        url = remote_url(self.repository, self.settings.remote)
        return app_name(self.repository, self.settings, url)

    @cached_property
    def scope(self) -> Scope:
        """The paths that make up the app."""
        return scope_of(self.repository.location, self.settings)

    @cached_property
    def parts(self) -> Parts | None:
        """The parts of commits that make up the app; None if it is the whole repository."""
        return None if self.scope.is_everything else Parts(self.repository, self.scope)

    @property
    def apps(self) -> tuple[str, ...]:
        """The values of ``ModelData.app`` that the models of the app's versions have.

        An app in the root may have been the whole repository before.
        """
        if self.parts is None:
            return ("",)
        return (self.app,) if self.repository.location.app else (self.app, "")

    def version_of_commit(self, commit: str) -> str:
        """The version id of a commit, without the branch that ``per_branch`` adds."""
        tree = None if self.parts is None else self.parts.tree(commit)
        return commit if tree is None else f"{TREE_PREFIX}{tree}"

    def reading(self) -> Reading:
        """Access to MLflow, for ``seconds`` from the first call on.

        Raises MLflowFailure, also if nothing was ever recorded there.
        """
        if self._reading is None:
            # Importing takes seconds on a busy machine, which is not the server's fault.
            import mlflow  # noqa: F401

            deadline = Deadline.after(self.seconds)
            self._reading = replace(_open_reading(self.tracking, deadline), apps=self.apps)
        return self._reading


@contextmanager
def open_source(
    path: str | os.PathLike[str], environment: Mapping[str, str], seconds: float
) -> Iterator[Source]:
    """The source of the history of the worktree around ``path``, read in at most ``seconds``.

    Does not contact MLflow. Raises GitverError if there is no repository, if a setting is wrong, or
    if the store has not been allowed.
    """
    with open_repository(path, environment) as repository:
        settings = load_settings(repository)
        tracking = worktree_tracking(repository, settings)
        yield Source(repository, settings, tracking, environment, seconds)


def _open_reading(tracking: Tracking, deadline: Deadline) -> Reading:
    address = without_credentials(tracking.uri)
    file = sqlite_file(tracking.uri)
    if file is not None and not os.path.exists(file):
        raise MLflowFailure(
            f"nothing has been recorded yet: the MLflow store {address} does not exist",
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
        existing = client.get_experiment(experiment.id)
    else:
        existing = client.get_experiment_by_name(experiment.name)
    if existing is None:
        raise MLflowFailure(
            f"nothing has been recorded yet: the experiment {experiment.name!r} does not exist at "
            f"{without_credentials(tracking.uri)}",
            "run the app or `gitver model`, or set `experiment`",
        )
    if not existing.experiment_id:
        raise not_mlflow(client)
    return str(existing.experiment_id)
