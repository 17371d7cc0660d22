"""The environment variables through which MLflow is told, and which of them are ours.

Standard library only. ``GITVER_SHIM`` holds, one ``NAME=value`` a line, what a shim has set, so
that a child process can tell it from what the user has set: it works out its own.
"""

from __future__ import annotations

import os

from gitver_hooks.handover.active_state import ActiveState

MODEL_ID = "MLFLOW_ACTIVE_MODEL_ID"
TRACKING_URI = "MLFLOW_TRACKING_URI"
EXPERIMENT_NAME = "MLFLOW_EXPERIMENT_NAME"
EXPERIMENT_ID = "MLFLOW_EXPERIMENT_ID"
_NAMES = (MODEL_ID, TRACKING_URI, EXPERIMENT_NAME, EXPERIMENT_ID)
_MARK = "GITVER_SHIM"


def is_ours(name: str) -> bool:
    """Whether the variable is set, and to what a shim has set it to."""
    value = os.environ.get(name)
    return value is not None and f"{name}={value}" in os.environ.get(_MARK, "").split("\n")


def set_variables(model_id: str | None, state: ActiveState | None) -> None:
    """Set the active model, and complete the tracking URI and the experiment where nobody has.

    Without a ``model_id`` no model is active, which is no reason for an app's traces to go to
    another store than those of its colleagues. What a shim has set before is taken back.
    """
    for name in _NAMES:
        if is_ours(name):
            del os.environ[name]
    os.environ.pop(_MARK, None)
    wanted = _completion(state) if state else {}
    if model_id is not None:
        wanted[MODEL_ID] = model_id
    if not wanted:
        return
    os.environ.update(wanted)
    os.environ[_MARK] = "\n".join(f"{name}={value}" for name, value in wanted.items())


def _completion(state: ActiveState) -> dict[str, str]:
    completion: dict[str, str] = {}
    if not os.environ.get(TRACKING_URI) and state.tracking_uri_source != "environment":
        completion[TRACKING_URI] = state.tracking_uri
    chosen = os.environ.get(EXPERIMENT_NAME) or os.environ.get(EXPERIMENT_ID)
    if not chosen and state.experiment_source == "settings":
        completion[EXPERIMENT_NAME] = state.experiment
    return completion


class WithoutOurVariables:
    """A ``with`` block in which the environment holds only what the user has set."""

    def __enter__(self) -> None:
        self._ours = {name: os.environ.pop(name) for name in _NAMES if is_ours(name)}

    def __exit__(self, *exception: object) -> None:
        os.environ.update(self._ours)
