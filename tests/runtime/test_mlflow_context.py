"""The active model of an MLflow that the process has imported."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator

import pytest

from gitver_hooks.runtime.mlflow_context import MlflowContext

OURS, OTHER = "m-" + "a" * 32, "m-" + "b" * 32


@pytest.fixture
def fluent() -> Iterator[object]:
    """MLflow's module with the active model, without one before and after."""
    from mlflow.tracking import fluent

    fluent._ACTIVE_MODEL_CONTEXT.set(fluent.ActiveModelContext())
    yield fluent
    fluent._ACTIVE_MODEL_CONTEXT.set(fluent.ActiveModelContext())


def active() -> str | None:
    import mlflow

    found: str | None = mlflow.get_active_model_id()
    return found


@pytest.mark.usefixtures("fluent")
def test_the_model_is_set_and_cleared() -> None:
    context = MlflowContext()
    context.set(OURS)
    assert active() == OURS
    context.clear()
    assert active() is None


@pytest.mark.usefixtures("fluent")
def test_a_model_that_the_app_has_chosen_stays(fluent: object) -> None:
    chosen = fluent.ActiveModelContext(OTHER, set_by_user=True)  # type: ignore[attr-defined]
    fluent._ACTIVE_MODEL_CONTEXT.set(chosen)  # type: ignore[attr-defined]
    context = MlflowContext()
    context.set(OURS)
    assert active() == OTHER
    context.clear()
    assert active() == OTHER


@pytest.mark.usefixtures("fluent")
def test_restoring_brings_back_the_model_and_the_variables(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MLFLOW_EXPERIMENT_NAME", "team")
    monkeypatch.delenv("MLFLOW_ACTIVE_MODEL_ID", raising=False)
    first = MlflowContext()
    first.set(OTHER)
    second = MlflowContext()
    second.set(OURS)
    os.environ["MLFLOW_EXPERIMENT_NAME"] = "changed"
    os.environ["MLFLOW_ACTIVE_MODEL_ID"] = OURS
    second.restore()
    assert active() == OTHER
    assert os.environ["MLFLOW_EXPERIMENT_NAME"] == "team"
    assert "MLFLOW_ACTIVE_MODEL_ID" not in os.environ


@pytest.mark.usefixtures("fluent")
def test_the_tracer_is_reset_only_if_the_store_has_changed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from mlflow.tracing import provider

    resets: list[None] = []
    monkeypatch.setattr(provider, "reset", lambda: resets.append(None))
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://localhost:1")
    context = MlflowContext()
    context.set(OURS)
    assert not resets
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://localhost:2")
    context.set(OURS)
    assert len(resets) == 1
    monkeypatch.delitem(sys.modules, "mlflow.tracing.provider")
    context.set(OURS)
    assert len(resets) == 1


def test_without_mlflow_only_the_variables_are_restored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "mlflow.tracking.fluent", raising=False)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://localhost:1")
    context = MlflowContext()
    context.set(OURS)
    context.clear()
    os.environ["MLFLOW_TRACKING_URI"] = "http://localhost:2"
    context.restore()
    assert os.environ["MLFLOW_TRACKING_URI"] == "http://localhost:1"


def test_an_mlflow_that_is_imported_later_is_cleared_on_exit(
    fluent: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as before_import:
        before_import.delitem(sys.modules, "mlflow.tracking.fluent")
        context = MlflowContext()
    later = fluent.ActiveModelContext(OURS)  # type: ignore[attr-defined]
    fluent._ACTIVE_MODEL_CONTEXT.set(later)  # type: ignore[attr-defined]
    context.restore()
    assert active() is None
