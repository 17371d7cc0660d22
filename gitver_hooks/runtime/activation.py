"""Activation: from the active-model file to MLflow's active model, in this process.

Standard library only; what is stale is worked out by the recording half, imported when needed.
"""

from __future__ import annotations

import os
import stat
import sys
import time

from gitver_hooks.common.errors import GitverError, StaleCode
from gitver_hooks.common.printing import say
from gitver_hooks.common.uris import without_credentials
from gitver_hooks.gitfiles.location import Location
from gitver_hooks.handover import freshness
from gitver_hooks.handover.active_model_file import read_active_model_file
from gitver_hooks.handover.active_state import ActiveState, read_state
from gitver_hooks.handover.environment import (
    MODEL_ID,
    is_disabled,
    recorded_variables,
    set_variables,
    user_environment,
)
from gitver_hooks.handover.log import log
from gitver_hooks.handover.store import (
    ENVIRONMENT,
    EXPERIMENT_ID,
    EXPERIMENT_NAME,
    SETTINGS,
    TRACKING_URI,
    Experiment,
    chosen_experiment,
    chosen_tracking_uri,
)
from gitver_hooks.runtime import app_location as locate
from gitver_hooks.runtime.mlflow_context import MlflowContext

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

ON_STALE = ("register", "unset", "trust", "error")


class ActiveModel:
    """The active model of this process; in a ``with`` statement, until the end of that.

    On exit what was active before is put back. ``version`` is the version id and ``dirty`` whether
    it is a dirty one; both are None where the active-model file is all there is (a container
    without git).
    """

    def __init__(self, model_id: str, version: str | None, context: MlflowContext) -> None:
        self.model_id = model_id
        self.version = version
        # A branch, which stands behind the @ (per_branch), may be called anything.
        self.dirty = None if version is None else "-dirty-" in version.partition("@")[0]
        self._context = context

    def __repr__(self) -> str:
        return f"ActiveModel(model_id={self.model_id!r}, version={self.version!r})"

    def __enter__(self) -> ActiveModel:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._context.restore()


def activate(
    path: str | os.PathLike[str] | None = None, on_stale: str | None = None
) -> ActiveModel | None:
    """Make the model of the code that runs now MLflow's active one.

    ``path`` is a folder in the app's worktree (default: the main script's, else the current one).
    ``on_stale`` overrides the setting: ``register``, ``unset``, ``trust`` or ``error``. May be
    called again when the code may have changed. Returns None where there is nothing to set, having
    said so where a user would wonder. Raises GitverError where the rule is ``error``, and
    ValueError for a rule that does not exist.
    """
    if on_stale is not None and on_stale not in ON_STALE:
        raise ValueError(f"on_stale is {on_stale!r}; it must be one of {', '.join(ON_STALE)}")
    environment = user_environment(os.environ)
    if is_disabled(environment):
        return None
    chosen = environment.get(MODEL_ID)
    if chosen:
        return ActiveModel(chosen, None, MlflowContext())
    try:
        location, file = locate.app(path, environment)
    except GitverError as error:
        if on_stale == "error":
            raise
        say(f"{error} (this process is not versioned)")
        return None
    if location is None and file is None:
        inherited = os.environ.get(MODEL_ID)
        if inherited is None:
            say("no git worktree and no .mlflow-active-model here: this process is not versioned")
        return ActiveModel(inherited, None, MlflowContext()) if inherited else None
    return _activate_at(location, file, environment, on_stale or environment.get("GITVER_ON_STALE"))


def _activate_at(
    location: Location | None,
    file: str | None,
    environment: Mapping[str, str],
    on_stale: str | None,
) -> ActiveModel | None:
    context = MlflowContext()
    try:
        if location is None:
            model_id, state = read_active_model_file(file or ""), None
        else:
            model_id, state = _model_at(location, environment, on_stale)
    except GitverError as error:
        set_variables(os.environ, _completion(environment, _store_of(location, environment)))
        context.clear()
        if isinstance(error, StaleCode) or on_stale == "error":
            raise
        say(f"{error} (this process is not versioned)")
        log(location, error, error)
        return None
    if model_id is None:
        set_variables(os.environ, _completion(environment, _store_of(location, environment)))
        context.clear()
        return None
    set_variables(os.environ, _completion(environment, state) | {MODEL_ID: model_id})
    context.set(model_id)
    return ActiveModel(model_id, state.version if state else None, context)


def _model_at(
    location: Location, environment: Mapping[str, str], on_stale: str | None
) -> tuple[str | None, ActiveState | None]:
    """The model id of the worktree as it is now, and the state it comes from."""
    state = read_state(location)
    rule = on_stale or (state.on_stale if state else "")
    if rule == "trust":
        in_file = read_active_model_file(location.active_model_file)
        if in_file is not None:
            return in_file, state
    state = true_state(location, environment)
    if state is not None:
        _recheck_sometimes(location, state)
        return state.model_id, state
    return _refresh(location, environment, on_stale)


def true_state(location: Location, environment: Mapping[str, str]) -> ActiveState | None:
    """The state of the worktree, if its active-model file holds the model of the code as it is now,
    in the store that an app would use here; else None."""
    state = read_state(location)
    if (
        state is not None
        and state.model_id
        and read_active_model_file(location.active_model_file) == state.model_id
        and is_same_store(state, environment)
        and state.environment == recorded_variables(environment)
        and freshness.fresh_version(location) == state.version
    ):
        return state
    return None


def is_same_store(state: ActiveState, environment: Mapping[str, str]) -> bool:
    """Whether an app here would look for the model where the state says that it is."""
    uri = chosen_tracking_uri(environment)
    if uri:
        if without_credentials(uri) != state.tracking_uri:
            return False
    elif state.tracking_uri_source == ENVIRONMENT:
        return False
    if not _is_same_experiment(state, environment):
        return False
    if not state.store_file:
        return True
    try:
        return str(os.stat(state.store_file)[stat.ST_INO]) == state.store_inode
    except OSError:
        return False


def _is_same_experiment(state: ActiveState, environment: Mapping[str, str]) -> bool:
    chosen = chosen_experiment(environment)
    if chosen is not None:
        return chosen.text == state.experiment
    return state.experiment_source != ENVIRONMENT


def _store_of(location: Location | None, environment: Mapping[str, str]) -> ActiveState | None:
    """Where the traces of an app without a model belong: where those with one would go."""
    if location is None:
        return None
    try:
        from gitver_hooks.recording.refresh import store_of_app

        return store_of_app(location, environment)
    except (GitverError, ImportError, OSError):
        return read_state(location)


def _completion(environment: Mapping[str, str], state: ActiveState | None) -> dict[str, str]:
    """The tracking URI and the experiment of ``state``, as far as the user chose none."""
    completion: dict[str, str] = {}
    if state is None:
        return completion
    if not chosen_tracking_uri(environment) and state.tracking_uri_source != ENVIRONMENT:
        completion[TRACKING_URI] = state.tracking_uri
    if chosen_experiment(environment) is None and state.experiment_source == SETTINGS:
        experiment = Experiment.from_text(state.experiment)
        name = EXPERIMENT_ID if experiment.id else EXPERIMENT_NAME
        completion[name] = experiment.id or experiment.name
    return completion


def _recheck_sometimes(location: Location, state: ActiveState) -> None:
    """Have MLflow asked, in the background, whether the model is still there."""
    from gitver_hooks.handover.recheck import recheck_in_background

    recheck_in_background(location, float(state.recheck or 0), time.time())


def _refresh(
    location: Location, environment: Mapping[str, str], on_stale: str | None
) -> tuple[str | None, ActiveState | None]:
    """The one place where the runtime half calls the recording half."""
    try:
        from gitver_hooks.recording.refresh import refresh

        return refresh(location, environment, on_stale), read_state(location)
    except ImportError as error:
        raise GitverError(
            f"the code may not be what .mlflow-active-model says, and {error.name} is not "
            f"installed for {sys.executable} to work out what it is",
            "install gitver-hooks with its dependencies, or leave .git out of the container",
        ) from error
