"""Answers an app whose active-model file is missing or stale: its model and its store."""

from __future__ import annotations

import os
from collections.abc import Mapping

from gitver_hooks.common.errors import GitverError, StaleCode
from gitver_hooks.gitfiles.location import Location
from gitver_hooks.handover.active_model_file import read_active_model_file
from gitver_hooks.handover.active_state import ActiveState, last_store, read_state
from gitver_hooks.handover.refreshed import Refreshed
from gitver_hooks.recording.record import Recorded, record_if_known
from gitver_hooks.recording.register import register
from gitver_hooks.registry.tracked_store import worktree_tracking
from gitver_hooks.repository.repository import open_repository
from gitver_hooks.settings import NotAllowed, Settings, load_settings


def refresh(location: Location, environment: Mapping[str, str], on_stale: str) -> Refreshed:
    """The model and the store for an app in the worktree.

    ``on_stale`` overrides the setting unless it is empty. Never raises GitverError: a failure is
    part of the result. Then the result still has the store, since the traces of an app without a
    model go there too, unless the tree asks for a store that the user has not allowed.
    """
    try:
        settings, store_state = _settings_and_store(location, environment)
    except NotAllowed as error:
        return Refreshed(problem=str(error), failed=True)
    except GitverError as error:
        # A wrong setting must not send traces to another store than before.
        return Refreshed(last_store(location), problem=str(error), failed=True)
    rule = on_stale or settings.on_stale
    try:
        if rule == "trust":
            return _trusted(location, store_state)
        if rule == "register":
            return _registered(location, environment, store_state)
        return _only_if_known(location, environment, store_state, rule)
    except GitverError as error:
        return Refreshed(
            store_state, problem=str(error), failed=True, stale=isinstance(error, StaleCode)
        )


def _settings_and_store(
    location: Location, environment: Mapping[str, str]
) -> tuple[Settings, ActiveState]:
    """The settings, and a state that says where MLflow is but names no version."""
    with open_repository(location, environment) as repository:
        settings = load_settings(repository)
        tracking = worktree_tracking(repository, settings)
    return settings, ActiveState(
        tracking_uri=tracking.store.tracking_uri,
        tracking_uri_source=tracking.uri_source,
        experiment=tracking.store.experiment.text,
        experiment_source=tracking.experiment_source,
    )


def _trusted(location: Location, store_state: ActiveState) -> Refreshed:
    model_id = read_active_model_file(location.active_model_file)
    if model_id is None:
        problem = f"{location.active_model_file} does not exist: this process is not versioned"
        return Refreshed(store_state, problem=problem)
    store_state.model_id = model_id
    return Refreshed(store_state)


def _registered(
    location: Location, environment: Mapping[str, str], store_state: ActiveState
) -> Refreshed:
    registered = register(location, environment)
    recorded = registered.recorded
    if registered.model_id is None:
        problem = f"{recorded.model_name} has no model yet: {registered.problem}"
        return Refreshed(store_state, problem=problem, hint=recorded.hint)
    state = _state_of(location, recorded, registered.model_id, store_state)
    return Refreshed(state, hint=recorded.hint)


def _only_if_known(
    location: Location, environment: Mapping[str, str], store_state: ActiveState, rule: str
) -> Refreshed:
    """The model of the version if it is known; nothing is registered."""
    recorded = record_if_known(location, environment, is_run=True)
    if recorded.model_id is not None:
        return Refreshed(_state_of(location, recorded, recorded.model_id, store_state))
    name = os.path.basename(location.worktree)
    message = f"version {recorded.version.id} of {name} is not registered"
    remedy = "run `gitver model`, or set on_stale to register"
    if rule == "error":
        raise StaleCode(message, remedy)
    problem = f"{message}: this process is not versioned; {remedy}"
    return Refreshed(store_state, problem=problem, hint=recorded.hint)


def _state_of(
    location: Location, recorded: Recorded, model_id: str, store_state: ActiveState
) -> ActiveState:
    state = read_state(location)
    if state is not None and state.model_id == model_id:
        return state
    store_state.version = recorded.version.id
    store_state.dirty = "true" if recorded.version.dirty else "false"
    store_state.model_id = model_id
    return store_state
