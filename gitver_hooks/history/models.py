"""Reads LoggedModels as plain data: the version of each, and its metrics."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gitver_hooks.registry.adoption import status_of
from gitver_hooks.registry.candidates import FATE, READY, RETIRED
from gitver_hooks.registry.tags import APP_TAG, COMMIT_TAG, DIRTY_TAG, TREE_TAG, VERSION_TAG

if TYPE_CHECKING:
    from mlflow import MlflowClient

_BATCH = 50
_SAFE = re.compile(r"[^'`]+")


@dataclass(frozen=True)
class ModelMetric:
    """The newest value of a metric of a model, and the run that logged it."""

    value: float
    run_id: str | None
    at_ms: int


@dataclass(frozen=True)
class ModelData:
    """One live LoggedModel. ``run_ids`` are all runs that logged metrics on it."""

    model_id: str
    name: str
    version: str
    commit: str
    dirty: bool
    created_ms: int
    experiment_id: str
    tags: Mapping[str, str]
    params: Mapping[str, str]
    metrics: Mapping[str, ModelMetric]
    run_ids: tuple[str, ...]

    @property
    def app(self) -> str:
        """The name of the app if the version is a part of a tree, else empty."""
        return self.tags.get(APP_TAG, "")

    @property
    def tree(self) -> str:
        """The id of the version's tree; empty if it was not recorded."""
        return self.tags.get(TREE_TAG, "")


def models_of_commits(
    client: MlflowClient, experiment_id: str, commits: Sequence[str]
) -> list[ModelData]:
    """The models of versions whose (base) commit is one of ``commits``, oldest first."""
    return _tagged(client, experiment_id, COMMIT_TAG, commits)


def models_of_trees(
    client: MlflowClient, experiment_id: str, trees: Sequence[str]
) -> list[ModelData]:
    """The models of versions whose tree is one of ``trees``, oldest first."""
    return _tagged(client, experiment_id, TREE_TAG, trees)


def models_named(client: MlflowClient, experiment_id: str, name: str) -> list[ModelData]:
    """The models with that name, oldest first."""
    if not _SAFE.fullmatch(name):
        return []
    return without_duplicates(_search(client, experiment_id, f"name = '{name}'"))


def models_of_version(client: MlflowClient, experiment_id: str, version: str) -> list[ModelData]:
    """The models with that version id, oldest first."""
    if not _SAFE.fullmatch(version):
        return []
    return without_duplicates(_search(client, experiment_id, f"tags.`{VERSION_TAG}` = '{version}'"))


def dirty_models(client: MlflowClient, experiment_id: str) -> list[ModelData]:
    """All models of versions with uncommitted changes."""
    return _search(client, experiment_id, f"tags.`{DIRTY_TAG}` = 'true'")


def has_version(client: MlflowClient, experiment_ids: list[str], version: str) -> bool:
    """Whether one of the experiments has a model of that version id, in whatever state."""
    if not _SAFE.fullmatch(version):
        return False
    clause = f"tags.`{VERSION_TAG}` = '{version}'"
    page = client.search_logged_models(experiment_ids=experiment_ids, filter_string=clause)
    return bool(page)


def read_model(client: MlflowClient, model_id: str) -> ModelData | None:
    """The model with that id, or None if MLflow has none."""
    try:
        model = client.get_logged_model(model_id)
    except Exception as error:
        if getattr(error, "error_code", None) == "RESOURCE_DOES_NOT_EXIST":
            return None
        raise
    return None if model is None or model.model_id != model_id else _model_data(model)


def without_duplicates(models: Sequence[ModelData]) -> list[ModelData]:
    """One model per version: the oldest, which is the one that registration converges on."""
    oldest: dict[tuple[str, str], ModelData] = {}
    for model in sorted(models, key=lambda model: (model.created_ms, model.model_id)):
        oldest.setdefault((model.version, model.app), model)
    return list(oldest.values())


def _tagged(
    client: MlflowClient, experiment_id: str, tag: str, values: Sequence[str]
) -> list[ModelData]:
    models: list[ModelData] = []
    for start in range(0, len(values), _BATCH):
        listed = ", ".join(f"'{value}'" for value in values[start : start + _BATCH])
        models += _search(client, experiment_id, f"tags.`{tag}` IN ({listed})")
    return without_duplicates(models)


def _search(client: MlflowClient, experiment_id: str, clause: str) -> list[ModelData]:
    return [_model_data(model) for model in _pages(client, experiment_id, clause) if _live(model)]


def _pages(client: MlflowClient, experiment_id: str, clause: str) -> Iterator[Any]:
    token: str | None = None
    while True:
        page = client.search_logged_models(
            experiment_ids=[experiment_id], filter_string=clause, page_token=token
        )
        yield from page
        token = page.token
        if not token:
            return


def _live(model: Any) -> bool:
    # PostgreSQL refuses a filter on the status, so it is applied here.
    return status_of(model) == READY and (model.params or {}).get(FATE) != RETIRED


def _model_data(model: Any) -> ModelData:
    tags: dict[str, str] = dict(model.tags or {})
    commit = tags.get(COMMIT_TAG, "")
    dirty = tags.get(DIRTY_TAG, "").lower() == "true"
    # A dirty model that another tool registered has no version id of its own.
    fallback = f"{commit[:32]}-dirty-{model.model_id[-8:]}" if dirty else commit
    newest: dict[str, ModelMetric] = {}
    runs: dict[str, None] = {}
    for metric in sorted(model.metrics or (), key=lambda metric: metric.timestamp):
        if metric.value is not None:
            newest[metric.key] = ModelMetric(float(metric.value), metric.run_id, metric.timestamp)
        if metric.run_id:
            runs[metric.run_id] = None
    return ModelData(
        model_id=str(model.model_id),
        name=str(model.name),
        version=tags.get(VERSION_TAG) or fallback or str(model.name),
        commit=commit,
        dirty=dirty,
        created_ms=int(model.creation_timestamp),
        experiment_id=str(model.experiment_id),
        tags=tags,
        params={name: value for name, value in (model.params or {}).items() if name != FATE},
        metrics=newest,
        run_ids=tuple(runs),
    )
