"""Sets the active model of an MLflow that this process has already imported.

Standard library only. ``MLFLOW_ACTIVE_MODEL_ID`` is read when a thread first uses its active-model
context; after that only the context itself counts (measured on MLflow 3.1 to 3.17). The public
``mlflow.set_active_model`` would contact the server, which can take minutes, so the context is set
directly. If a future MLflow has no such context, nothing is set here and the variable has to do.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_NAMES = (
    "MLFLOW_ACTIVE_MODEL_ID",
    "MLFLOW_TRACKING_URI",
    "MLFLOW_EXPERIMENT_NAME",
    "MLFLOW_EXPERIMENT_ID",
    "GITVER_SHIM",
)


class MlflowContext:
    """Sets and clears the active model, and restores what was active before."""

    def __init__(self) -> None:
        self._before = {name: os.environ.get(name) for name in _NAMES}
        self._context_before = _current_context()

    def set(self, model_id: str) -> None:
        """Make ``model_id`` active in this thread, unless the app has chosen a model itself."""
        self._follow_tracking_uri()
        if self._context_before is None:
            return
        if getattr(self._context_before, "set_by_user", False):
            return
        _set_context(model_id)

    def clear(self) -> None:
        """Undo what a shim has set; keep what the app has chosen.

        In all threads, also those that have ended: MLflow would take the model from one of them.
        """
        if self._context_before is not None and not self._context_before.set_by_user:
            _set_context(None)
        set_in_all_threads(None)

    def restore(self) -> None:
        """Set the variables and the context as they were before."""
        for name, value in self._before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
        if self._context_before is not None:
            _set(self._context_before)
        else:
            _set_context(None)

    def _follow_tracking_uri(self) -> None:
        # From its first use, the tracer remembers where it exports to.
        if os.environ.get("MLFLOW_TRACKING_URI") == self._before["MLFLOW_TRACKING_URI"]:
            return
        provider = sys.modules.get("mlflow.tracing.provider")
        if provider is not None:
            provider.reset()


def set_in_all_threads(model_id: str | None) -> None:
    """Make ``model_id`` active in each thread that has not chosen a model itself; None: no model.

    MLflow keeps the context of each thread, and looks at those of other threads for a trace whose
    own thread has none.
    """
    variable = getattr(_fluent(), "_ACTIVE_MODEL_CONTEXT", None)
    values: dict[int, Any] = getattr(variable, "get_all_thread_values", dict)()
    for context in values.values():
        if not getattr(context, "set_by_user", False):
            context._model_id = model_id


def _fluent() -> Any:
    return sys.modules.get("mlflow.tracking.fluent")


def _current_context() -> Any:
    variable = getattr(_fluent(), "_ACTIVE_MODEL_CONTEXT", None)
    return None if variable is None else variable.get()


def _set_context(model_id: str | None) -> None:
    """Set this thread's context; None: to what the environment says."""
    context = getattr(_fluent(), "ActiveModelContext", None)
    if context is not None:
        _set(context(model_id))


def _set(context: Any) -> None:
    variable = getattr(_fluent(), "_ACTIVE_MODEL_CONTEXT", None)
    if variable is not None:
        variable.set(context)
