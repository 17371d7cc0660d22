"""Finds the candidates: LoggedModels that are, or may become, the one model of a version."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gitver_hooks.registry.adoption import can_adopt, claim, is_adoptable, status_of
from gitver_hooks.registry.model_id import is_model_id
from gitver_hooks.registry.store import not_mlflow
from gitver_hooks.registry.tags import APP_TAG, COMMIT_TAG, DIRTY_TAG, TREE_TAG, VERSION_TAG

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import LoggedModel

    from gitver_hooks.registry.registration import Registration

FATE = "gitver.fate"
CHOSEN = "ready"
RETIRED = "retired"
READY = "READY"


@dataclass(frozen=True)
class Candidate:
    """One LoggedModel, as one search returned it.

    ``fate`` is CHOSEN, RETIRED or None. ``created_by_gitver`` is False for a model to be adopted.
    ``settled`` says that this is the version's model and stays so: it is CHOSEN, READY and has the
    tag ``gitver.version``.
    """

    model: LoggedModel
    model_id: str
    fate: str | None
    created_by_gitver: bool
    settled: bool

    @property
    def age_order(self) -> tuple[int, str]:
        """Older candidates first; for equal timestamps (ms), all use the same order."""
        return (self.model.creation_timestamp, self.model_id)

    def fate_text(self, fate: str, registration: Registration) -> str:
        """The text of ``fate`` in the parameter of this candidate."""
        return fate if self.created_by_gitver else claim(registration, fate)


def candidates_by_name(
    client: MlflowClient, experiment_id: str, registration: Registration
) -> list[Candidate]:
    """The candidates with the registration's name, oldest first. One search per 100 models.

    If the version is a part of a tree, those with that tree: the name has the commit that somebody
    registered first. With 100,000 models on SQLite, that search takes 36 ms instead of 15.
    """
    query = f"name = '{registration.name}'"
    if registration.app:
        query = f"tags.`{TREE_TAG}` = '{registration.tags[TREE_TAG]}'"
    return _search(client, experiment_id, registration, query)


def all_candidates(
    client: MlflowClient, experiment_id: str, registration: Registration
) -> list[Candidate]:
    """All candidates, oldest first, each as in the last search that returned it.

    For a clean version, a second search finds models to adopt that have another name. It filters by
    two tags: with 100,000 models on SQLite a search by all four of MLflow's git tags takes 406 ms.
    """
    by_id: dict[str, Candidate] = {}
    if can_adopt(registration):
        query = f"tags.`{COMMIT_TAG}` = '{registration.tags[COMMIT_TAG]}'"
        query += f" AND tags.`{DIRTY_TAG}` = 'false'"
        by_id = {
            candidate.model_id: candidate
            for candidate in _search(client, experiment_id, registration, query)
        }
    by_name = candidates_by_name(client, experiment_id, registration)
    by_id.update({candidate.model_id: candidate for candidate in by_name})
    return sorted(by_id.values(), key=lambda candidate: candidate.age_order)


def _search(
    client: MlflowClient, experiment_id: str, registration: Registration, query: str
) -> list[Candidate]:
    by_id: dict[str, Candidate] = {}
    token: str | None = None
    while True:
        page = client.search_logged_models(
            experiment_ids=[experiment_id], filter_string=query, page_token=token
        )
        for model in page:
            if not is_model_id(model.model_id):
                raise not_mlflow(client)
            candidate = _candidate(model, registration)
            if candidate is not None:
                by_id[candidate.model_id] = candidate
        token = page.token
        if not token:
            return sorted(by_id.values(), key=lambda candidate: candidate.age_order)


def _is_of_app(model: LoggedModel, registration: Registration) -> bool:
    if registration.app:
        return bool(model.tags.get(APP_TAG) == registration.app)
    return bool(model.name == registration.name)


def _candidate(model: LoggedModel, registration: Registration) -> Candidate | None:
    """``model`` as a candidate; None if it has nothing to do with the registration's version."""
    text = model.params.get(FATE)
    version = model.tags.get(VERSION_TAG)
    if text in (None, CHOSEN, RETIRED) and version == registration.version:
        if not _is_of_app(model, registration):
            return None
        fate, created_by_gitver = text, True
    elif is_adoptable(model, registration):
        claims = {claim(registration, outcome): outcome for outcome in (CHOSEN, RETIRED)}
        if text is not None and text not in claims:
            return None
        fate, created_by_gitver = claims[text] if text else None, False
    else:
        return None
    return Candidate(
        model=model,
        model_id=str(model.model_id),
        fate=fate,
        created_by_gitver=created_by_gitver,
        settled=fate == CHOSEN and status_of(model) == READY and version == registration.version,
    )
