"""Makes the model in the active-model file MLflow's active model in this process.

Standard library only. If the file is not right, ``refresh`` asks the recording half.
"""

from __future__ import annotations

import os
import time

from gitver_hooks.common.errors import GitverError, StaleCode
from gitver_hooks.gitfiles.location import Location, check_state_folders
from gitver_hooks.handover.active_model_file import read_active_model_file
from gitver_hooks.handover.active_state import ActiveState, last_store, read_state
from gitver_hooks.handover.current_state import current_state
from gitver_hooks.handover.environment import (
    MODEL_ID,
    is_disabled,
    set_variables,
    user_environment,
)
from gitver_hooks.handover.notices import take_notice
from gitver_hooks.handover.recheck import recheck_if_due
from gitver_hooks.handover.refreshed import Refreshed
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
from gitver_hooks.runtime.app_location import locate_app
from gitver_hooks.runtime.mlflow_context import MlflowContext
from gitver_hooks.runtime.reports import UNVERSIONED, report, say
from gitver_hooks.runtime.running_version import mixture

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

ON_STALE = ("register", "unset", "trust", "error")


class ActiveModel:
    """The active model of this process.

    It is also a context manager: on exit, the model that was active before is active again.
    ``version`` is the version id, ``dirty`` whether it has uncommitted changes, and ``name`` the
    model's name; all three are None if the active-model file is all there is (a container without
    git).
    """

    def __init__(self, model_id: str, state: ActiveState | None, context: MlflowContext) -> None:
        self.model_id = model_id
        self.version = state.version or None if state else None
        self.dirty = state.dirty == "true" if state and state.version else None
        self.name = state.model_name or None if state else None
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

    ``path`` is a folder in the app's worktree (default: that of the calling file, of the main
    script, or the current folder). ``on_stale`` overrides the setting: ``register``, ``unset``,
    ``trust`` or ``error``. May be called again when the code may have changed. Returns None if
    there is nothing to activate, after a one-line warning unless that is normal. Raises GitverError
    if the rule is ``error``, and ValueError for a rule that does not exist.
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
        location, file = locate_app(path, environment)
    except GitverError as error:
        if on_stale == "error":
            raise
        say(f"{error} {UNVERSIONED}", environment)
        return None
    if location is not None:
        rule = on_stale or environment.get("GITVER_ON_STALE", "")
        return _activate_in_worktree(location, environment, rule)
    if file is not None:
        return _activate_file(file, environment)
    inherited = os.environ.get(MODEL_ID)
    if inherited:
        return ActiveModel(inherited, None, MlflowContext())
    say("no git worktree and no .mlflow-active-model here: this process is not versioned")
    return None


def _activate_file(file: str, environment: Mapping[str, str]) -> ActiveModel | None:
    """Activate the model in the file, without git to check it against."""
    context = MlflowContext()
    try:
        model_id = read_active_model_file(file)
    except GitverError as error:
        say(f"{error} {UNVERSIONED}", environment)
        model_id = None
    return _apply(model_id, None, environment, context)


def _activate_in_worktree(
    location: Location, environment: Mapping[str, str], rule: str
) -> ActiveModel | None:
    context = MlflowContext()
    began = time.time_ns()
    try:
        check_state_folders(location, environment)
    except GitverError as error:
        # Nothing in somebody else's folder can be trusted, not even where MLflow is.
        if rule == "error":
            raise
        say(f"{error} {UNVERSIONED}", environment)
        return _apply(None, None, environment, context)
    try:
        refreshed = _refreshed(location, environment, rule)
    except GitverError as error:
        refreshed = Refreshed(last_store(location), str(error), failed=True)
    refreshed = _unless_a_mixture(location, refreshed, rule, began)
    state = refreshed.state
    active = _apply(state.model_id if state else None, state, environment, context)
    if refreshed.hint:
        report(location.folder, refreshed.hint, environment)
    if refreshed.stale:
        raise StaleCode(refreshed.problem)
    if refreshed.failed:
        if rule == "error":
            raise GitverError(refreshed.problem)
        from gitver_hooks.handover.log import log

        log(location, refreshed.problem, environment=environment)
        report(location.folder, f"{refreshed.problem} {UNVERSIONED}", environment)
        return active
    # A notice from the background would only repeat why there is no model.
    report(location.folder, refreshed.problem or take_notice(location) or "", environment)
    return active


def _unless_a_mixture(location: Location, refreshed: Refreshed, rule: str, began: int) -> Refreshed:
    """``refreshed``, without its model if this process has loaded code of another version."""
    state = refreshed.state
    if state is None or not state.model_id or _is_trusted(state, rule):
        return refreshed
    problem = mixture(location, state.version, began)
    if not problem:
        return refreshed
    state.model_id = ""
    stale = (rule or state.on_stale) == "error"
    return Refreshed(state, problem, stale=stale, hint=refreshed.hint)


def _refreshed(location: Location, environment: Mapping[str, str], rule: str) -> Refreshed:
    """The state to use: the current one if the file is right, else the recording half's answer."""
    trusted = _trusted_state(location, rule)
    if trusted is not None:
        return Refreshed(trusted)
    state = current_state(location, environment)
    if state is not None:
        recheck_if_due(location, environment, state, time.time())
        return Refreshed(state)
    from gitver_hooks.runtime.refresh import refresh

    return refresh(location, environment, rule)


def _trusted_state(location: Location, rule: str) -> ActiveState | None:
    """The state according to the file, if the rule is to trust an existing file."""
    state = read_state(location) or ActiveState()
    if not _is_trusted(state, rule):
        return None
    model_id = read_active_model_file(location.active_model_file)
    if model_id is None:
        return None
    if state.model_id != model_id:
        state.version = state.dirty = ""
        state.model_id = model_id
    return state


def _is_trusted(state: ActiveState, rule: str) -> bool:
    return (rule or state.on_stale) == "trust"


def _apply(
    model_id: str | None,
    state: ActiveState | None,
    environment: Mapping[str, str],
    context: MlflowContext,
) -> ActiveModel | None:
    """Set the variables and MLflow's context. Nothing else in this process changes them."""
    wanted = _store_variables(environment, state)
    if model_id:
        wanted[MODEL_ID] = model_id
    set_variables(os.environ, wanted)
    if not model_id:
        context.clear()
        return None
    context.set(model_id)
    return ActiveModel(model_id, state, context)


def _store_variables(environment: Mapping[str, str], state: ActiveState | None) -> dict[str, str]:
    """MLflow's variables for the store of ``state`` that the user has not set."""
    variables: dict[str, str] = {}
    if state is None:
        return variables
    chosen_by_user = chosen_tracking_uri(environment) or state.tracking_uri_source == ENVIRONMENT
    if state.tracking_uri and not chosen_by_user:
        variables[TRACKING_URI] = state.tracking_uri
    if chosen_experiment(environment) is None and state.experiment_source == SETTINGS:
        experiment = Experiment.from_text(state.experiment)
        if experiment.id:
            variables[EXPERIMENT_ID] = experiment.id
        else:
            variables[EXPERIMENT_NAME] = experiment.name
    return variables
