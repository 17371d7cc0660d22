"""Refresh: what the shim does when the code is not what the active-model file says."""

from __future__ import annotations

import os
from collections.abc import Mapping

from gitver_hooks.common.errors import StaleCode
from gitver_hooks.common.printing import say
from gitver_hooks.gitfiles.location import Location
from gitver_hooks.handover.active_model_file import read_active_model_file
from gitver_hooks.handover.active_state import ActiveState
from gitver_hooks.handover.log import log
from gitver_hooks.recording.known_models import KnownModels
from gitver_hooks.recording.record import record
from gitver_hooks.registry.tracking import resolve_tracking
from gitver_hooks.repository.remote import main_worktree
from gitver_hooks.repository.repository import open_repository
from gitver_hooks.settings import load_settings
from gitver_hooks.version.identify import identify


def refresh(location: Location, environment: Mapping[str, str], on_stale: str | None) -> str | None:
    """The model id of the worktree as it is now, by the rule ``on_stale`` (default: the setting).

    None where this process is to run unversioned, which has been said then. Raises GitverError
    where the version cannot be worked out, and StaleCode with the rule ``error``.
    """
    with open_repository(location, environment) as repository:
        settings = load_settings(repository)
    rule = on_stale or settings.on_stale
    if rule == "trust":
        return _trusted(location)
    if rule == "register":
        return _registered(location, environment, settings.wait)
    return _only_if_known(location, environment, rule)


def store_of_app(location: Location, environment: Mapping[str, str]) -> ActiveState:
    """Where an app in this worktree finds MLflow, with nothing said of a version."""
    with open_repository(location, environment) as repository:
        settings = load_settings(repository)
        tracking = resolve_tracking(settings, main_worktree(repository))
    return ActiveState(
        tracking_uri=tracking.store.tracking_uri,
        tracking_uri_source=tracking.uri_source,
        experiment=tracking.store.experiment.text,
        experiment_source=tracking.experiment_source,
    )


def _trusted(location: Location) -> str | None:
    model_id = read_active_model_file(location.active_model_file)
    if model_id is None:
        say(f"{location.active_model_file} is not there: this process is not versioned")
    return model_id


def _registered(location: Location, environment: Mapping[str, str], wait: float) -> str | None:
    recorded = record(location, environment, wait=wait)
    if recorded.model_id is None:
        say(f"{recorded.model_name} has no model yet: {recorded.problem}")
    return recorded.model_id


def _only_if_known(location: Location, environment: Mapping[str, str], rule: str) -> str | None:
    """The model id if the version is known already; registering nothing."""
    with open_repository(location, environment) as repository:
        settings = load_settings(repository)
        tracking = resolve_tracking(settings, main_worktree(repository))
    version = identify(location.worktree)
    if KnownModels(location, tracking.store).get(version.id) is not None:
        return record(location, environment, wait=0).model_id
    message = f"version {version.id} of {os.path.basename(location.worktree)} is not registered"
    remedy = "run `gitver model`, or set on_stale to register"
    if rule == "error":
        raise StaleCode(message, remedy)
    say(f"{message}: this process is not versioned; {remedy}")
    log(location, message)
    return None
