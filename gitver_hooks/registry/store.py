"""Opening MLflow's store: in bounded time, without noise, and never migrating what is there."""

from __future__ import annotations

import logging
import math
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from gitver_hooks.common.locks import FolderLock
from gitver_hooks.common.uris import without_credentials
from gitver_hooks.registry.failures import MLflowFailure, explain

if TYPE_CHECKING:
    from mlflow import MlflowClient

    from gitver_hooks.handover.store import Experiment

_SQL_SCHEMES = ("sqlite", "postgresql", "mysql", "mssql")
_LONGEST_REQUEST = 30.0
_QUIET = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
}


def prepare_environment(seconds: float) -> None:
    """Make MLflow quick to give up and quiet; for a whole process, before it imports mlflow.

    ``seconds`` is how long the process may live. A setting of the user that is stricter stays. One
    attempt is made: MLflow's client repeats POST requests too, which makes a LoggedModel each time,
    and trying again is the outbox's work. Logging and warnings are switched off, because they would
    show passwords and dozens of lines for one locked file.
    """
    timeout = max(1, math.floor(min(seconds / 2, _LONGEST_REQUEST)))
    _at_most("MLFLOW_HTTP_REQUEST_TIMEOUT", timeout)
    _at_most("MLFLOW_HTTP_REQUEST_MAX_RETRIES", 0)
    _at_most("MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR", 0)
    _at_most("PGCONNECT_TIMEOUT", max(2, timeout))
    os.environ["MLFLOW_HTTP_RESPECT_RETRY_AFTER_HEADER"] = "false"
    os.environ.update(_QUIET)
    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")


def _at_most(name: str, limit: int) -> None:
    with suppress(ValueError):
        if float(os.environ.get(name, "inf")) <= limit:
            return
    os.environ[name] = str(limit)


def open_store(tracking_uri: str) -> MlflowClient:
    """A client for the store at ``tracking_uri``, which may hold credentials.

    A database is looked at before MLflow touches it: one that does not exist is created, one with
    MLflow's present schema is opened, and any other is left alone, because MLflow would migrate it
    and the older MLflow of the user's app would then refuse it. Raises MLflowFailure.
    """
    try:
        from mlflow import MlflowClient

        if tracking_uri.partition(":")[0].partition("+")[0].lower() in _SQL_SCHEMES:
            from gitver_hooks.registry import database

            database.make_ready(tracking_uri)
        return MlflowClient(tracking_uri=tracking_uri)
    except MLflowFailure:
        raise
    except Exception as error:
        raise explain(error, tracking_uri) from error


def experiment_id(client: MlflowClient, experiment: Experiment) -> str:
    """The id of ``experiment``, which is created where only its name is known; one request if not.

    Raises MLflowFailure, a permanent one where the experiment was deleted or its id is unknown.
    """
    try:
        if experiment.id is not None:
            return _active_id(client, experiment, client.get_experiment(experiment.id))
        found = client.get_experiment_by_name(experiment.name)
        if found is not None:
            return _active_id(client, experiment, found)
        return _created_id(client, experiment)
    except MLflowFailure:
        raise
    except Exception as error:
        raise explain(error, client.tracking_uri) from error


def _created_id(client: MlflowClient, experiment: Experiment) -> str:
    try:
        made = client.create_experiment(experiment.name)
    except Exception as error:
        # Somebody else creates it at the same moment.
        if getattr(error, "error_code", None) != "RESOURCE_ALREADY_EXISTS":
            raise
        return _active_id(client, experiment, client.get_experiment_by_name(experiment.name))
    if not made:
        raise not_mlflow(client)
    return str(made)


def _active_id(client: MlflowClient, asked: Experiment, found: object) -> str:
    identity = str(getattr(found, "experiment_id", "") or "")
    if not identity or (asked.id is not None and identity != asked.id):
        raise not_mlflow(client)
    if getattr(found, "lifecycle_stage", "active") == "deleted":
        name = getattr(found, "name", asked.name)
        where = without_credentials(client.tracking_uri)
        raise MLflowFailure(
            f"the experiment {name!r} at {where} has been deleted",
            f"restore it (`mlflow experiments restore -x {identity}`), or set `experiment`",
            permanent=True,
        )
    return identity


def not_mlflow(client: MlflowClient) -> MLflowFailure:
    """The failure of a server that answers, but with nothing in it."""
    return MLflowFailure(
        f"{without_credentials(client.tracking_uri)} answers, but not as MLflow does",
        "check `tracking_uri`",
    )


@contextmanager
def exclusively(tracking_uri: str) -> Iterator[None]:
    """Hold a store of files for oneself; nothing for any other store.

    In a folder of files MLflow overwrites a parameter that is there: nothing in it can be written
    once only, on which the registry builds elsewhere.
    """
    scheme = tracking_uri.partition(":")[0] if ":" in tracking_uri else "file"
    if scheme != "file":
        yield
        return
    from mlflow.utils.file_utils import local_file_uri_to_path

    with FolderLock(local_file_uri_to_path(tracking_uri)):
        yield
