"""Decides whether the active-model file is right for the code and the store as they are now.

Standard library only: every app start runs this.
"""

from __future__ import annotations

import os
import stat

from gitver_hooks.common.errors import GitverError
from gitver_hooks.gitfiles.location import Location, check_state_folders
from gitver_hooks.handover import freshness
from gitver_hooks.handover.active_model_file import read_active_model_file
from gitver_hooks.handover.active_state import ActiveState, read_state
from gitver_hooks.handover.environment import recorded_variables
from gitver_hooks.handover.store import ENVIRONMENT, chosen_experiment, chosen_tracking_uri

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping


def current_state(location: Location, environment: Mapping[str, str]) -> ActiveState | None:
    """The state of the worktree if the active-model file is right for its code as it is now.

    None if it is not, if an app with this ``environment`` uses another store, if the state belongs
    to another user, or if the file contains no model id. Never raises GitverError.
    """
    try:
        check_state_folders(location, environment)
        active = read_active_model_file(location.active_model_file)
    except GitverError:
        return None
    state = read_state(location)
    if (
        state is not None
        and state.model_id
        and active == state.model_id
        and is_store_of_app(state, environment)
        and state.environment == recorded_variables(environment)
        and freshness.fresh_version(location) == state.version
    ):
        return state
    return None


def is_store_of_app(state: ActiveState, environment: Mapping[str, str]) -> bool:
    """Whether an app with this ``environment`` uses the store of ``state``."""
    return (
        _is_same_tracking_uri(state, environment)
        and _is_same_experiment(state, environment)
        and _is_same_file(state)
    )


def _is_same_tracking_uri(state: ActiveState, environment: Mapping[str, str]) -> bool:
    uri = chosen_tracking_uri(environment)
    if uri is None:
        return state.tracking_uri_source != ENVIRONMENT
    from gitver_hooks.common.simple_uris import is_simple

    # The answer of most app starts, without importing a parser of URIs.
    if uri == state.tracking_uri and is_simple(uri):
        return True
    from gitver_hooks.common.uris import same_store

    return same_store(uri, state.tracking_uri)


def _is_same_experiment(state: ActiveState, environment: Mapping[str, str]) -> bool:
    experiment = chosen_experiment(environment)
    if experiment is None:
        return state.experiment_source != ENVIRONMENT
    return experiment.text == state.experiment


def _is_same_file(state: ActiveState) -> bool:
    if not state.store_file:
        return True
    try:
        return str(os.stat(state.store_file)[stat.ST_INO]) == state.store_inode
    except OSError:
        return False
