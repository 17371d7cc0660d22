"""Opens MLflow's store, without ever migrating an existing database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from gitver_hooks.common.locks import FolderLock
from gitver_hooks.common.uri_parts import DATABASES
from gitver_hooks.common.uris import without_credentials
from gitver_hooks.registry.failures import REGISTERING, MLflowFailure, Purpose, explained

if TYPE_CHECKING:
    from mlflow import MlflowClient

    from gitver_hooks.handover.store import Experiment


def open_store(tracking_uri: str, purpose: Purpose = REGISTERING) -> MlflowClient:
    """A client for the store at ``tracking_uri``, which may contain credentials.

    A database is checked before MLflow touches it. It is created if it does not exist, and opened
    if it has the schema of the installed MLflow. Any other is left alone, because MLflow would
    migrate it, and the older MLflow in the user's app would then refuse it. Raises MLflowFailure.
    """
    with explained(tracking_uri, purpose):
        from mlflow import MlflowClient

        if tracking_uri.partition(":")[0].partition("+")[0].lower() in DATABASES:
            from gitver_hooks.registry import database

            database.make_ready(tracking_uri)
        return MlflowClient(tracking_uri=tracking_uri)


def experiment_id(client: MlflowClient, experiment: Experiment) -> str:
    """The id of ``experiment``. One known by name is created if it does not exist.

    Takes one request for an existing experiment. Raises MLflowFailure, a permanent one if the
    experiment was deleted or its id is unknown.
    """
    with explained(client.tracking_uri):
        if experiment.id is not None:
            return _active_id(client, experiment, client.get_experiment(experiment.id))
        existing = client.get_experiment_by_name(experiment.name)
        if existing is not None:
            return _active_id(client, experiment, existing)
        return _created_id(client, experiment)


def _created_id(client: MlflowClient, experiment: Experiment) -> str:
    try:
        created = client.create_experiment(experiment.name)
    except Exception as error:
        # Another process has just created it.
        if getattr(error, "error_code", None) != "RESOURCE_ALREADY_EXISTS":
            raise
        return _active_id(client, experiment, client.get_experiment_by_name(experiment.name))
    if not created:
        raise not_mlflow(client)
    return str(created)


def _active_id(client: MlflowClient, wanted: Experiment, existing: object) -> str:
    identity = str(getattr(existing, "experiment_id", "") or "")
    if not identity or (wanted.id is not None and identity != wanted.id):
        raise not_mlflow(client)
    if getattr(existing, "lifecycle_stage", "active") == "deleted":
        name = getattr(existing, "name", wanted.name)
        address = without_credentials(client.tracking_uri)
        raise MLflowFailure(
            f"the experiment {name!r} at {address} has been deleted",
            f"restore it (`mlflow experiments restore -x {identity}`), or set `experiment`",
            permanent=True,
        )
    return identity


def not_mlflow(client: MlflowClient) -> MLflowFailure:
    """The failure of a server that answers, but not as MLflow would."""
    return MLflowFailure(
        f"{without_credentials(client.tracking_uri)} answers, but not like MLflow",
        "check `tracking_uri`",
    )


@contextmanager
def exclusively(tracking_uri: str) -> Iterator[None]:
    """Lock a store that is a folder of files; do nothing for any other store.

    MLflow's file store overwrites existing parameters, so it has nothing that can be written only
    once, which convergence relies on elsewhere.
    """
    scheme = tracking_uri.partition(":")[0] if ":" in tracking_uri else "file"
    if scheme != "file":
        yield
        return
    from mlflow.utils.file_utils import local_file_uri_to_path

    with FolderLock(local_file_uri_to_path(tracking_uri)):
        yield
