"""The rule of what may be removed: everything that anybody used stays."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gitver_hooks.history.models import ModelData, ModelMetric
from gitver_hooks.pruning.unused import Use, reason_to_stay

BEFORE = 1_000_000
VERSION = "0a1b2c3d" * 4 + "-dirty-efc07a29"
UNUSED = ModelData(
    model_id="m-" + "0" * 32,
    name="app-git-0a1b2c3d-dirty-efc07a29",
    version=VERSION,
    commit="0a1b2c3d" * 5,
    dirty=True,
    created_ms=BEFORE - 1,
    experiment_id="0",
    tags={
        "gitver.version": VERSION,
        "gitver.tree": "1" * 40,
        "mlflow.source.git.dirty": "true",
        "mlflow.source.name": "0a1b2c3d+efc07a29 app.py",
        "mlflow.note.content": "app.py",
        "mlflow.user": "me",
    },
    params={"gitver.params.temperature": "0"},
    metrics={},
    run_ids=(),
)


def with_tag(name: str) -> ModelData:
    return replace(UNUSED, tags={**UNUSED.tags, name: "x"})


def test_an_old_dirty_version_that_nobody_used_may_go() -> None:
    assert reason_to_stay(UNUSED, Use(), before_ms=BEFORE) is None


@pytest.mark.parametrize(
    ("model", "use"),
    [
        (UNUSED, Use(traces=True)),
        (UNUSED, Use(runs=True)),
        (UNUSED, Use(active=True)),
        (replace(UNUSED, dirty=False), Use()),
        (replace(UNUSED, created_ms=BEFORE), Use()),
        (replace(UNUSED, tags={"mlflow.source.git.dirty": "true"}), Use()),
        (replace(UNUSED, metrics={"score": ModelMetric(1.0, None, 0)}), Use()),
        (replace(UNUSED, run_ids=("r",)), Use()),
        (replace(UNUSED, params={**UNUSED.params, "temperature": "0"}), Use()),
        (with_tag("mlflow.linkedPrompts"), Use()),
        (with_tag("mlflow.modelVersions"), Use()),
        (with_tag("best"), Use()),
    ],
)
def test_what_somebody_used_or_may_need_stays(model: ModelData, use: Use) -> None:
    assert reason_to_stay(model, use, before_ms=BEFORE)
