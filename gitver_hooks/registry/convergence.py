"""One live LoggedModel for a version, from however many machines it is registered at once.

MLflow lets any number of models have one name: two registrars that search and then create make
two. What it keeps unique is each parameter of a model, so the parameter ``gitver.fate`` of a
candidate is a cell that can be written once. Every registrar, from any point at which another may
have died, does the same steps until it can adopt a model:

1. Search the candidates, oldest first, without those whose fate is ``retired``.
2. The first is READY: adopt it.
3. There is none: create one, at most once, and search again.
4. The first has no fate: write it, ``retired`` if a later one is READY or has the fate ``ready``,
   else ``ready``.
5. The first has the fate ``ready``: finalize it, whoever created it.
6. After adopting: retire and delete what this call created in vain, and what others left behind.

Why no two registrars can adopt different models: whoever adopted L saw it READY and no candidate
before it. A candidate that turns up before L later, through a skewed clock or a delayed read, gets
its fate from someone who sees L, and that fate is ``retired``.
"""

from __future__ import annotations

import contextlib
import random
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from gitver_hooks.registry.failures import MLflowFailure, connection_broke, explain
from gitver_hooks.registry.limits import (
    PARAMS_PER_REQUEST,
    acceptable_params,
    acceptable_tags,
    cut_tags,
)
from gitver_hooks.registry.store import exclusively, not_mlflow

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import LoggedModel

    from gitver_hooks.registry.registration import Registration

FATE = "gitver.fate"
CHOSEN = "ready"
RETIRED = "retired"
READY = "READY"
VERSION_TAG = "gitver.version"

_LEFTOVER_AGE = 60.0
_LONGEST_PAUSE = 1.0
# What MLflow says of a cell that is written already, or whose model has been deleted meanwhile.
_LOST = frozenset({"BAD_REQUEST", "INVALID_PARAMETER_VALUE", "RESOURCE_DOES_NOT_EXIST"})


def find_or_create(
    client: MlflowClient, experiment_id: str, registration: Registration, *, deadline: float
) -> str:
    """The id of the one live LoggedModel for the registration's version, made if there is none.

    Finding one that exists costs one search. ``deadline`` is a moment of ``time.monotonic()`` (s)
    after which no further step is begun; a step itself takes as long as the client lets it. Raises
    MLflowFailure.
    """
    try:
        with exclusively(client.tracking_uri):
            candidates = _Candidates(client, experiment_id, registration)
            try:
                return candidates.converge(deadline)
            except Exception as error:
                # Servers close idle connections when they like, also in the moment of a request.
                if not connection_broke(error):
                    raise
                return candidates.converge(deadline)
    except MLflowFailure:
        raise
    except Exception as error:
        raise explain(error, client.tracking_uri) from error


def is_live(client: MlflowClient, model_id: str) -> bool:
    """Whether ``model_id`` is a LoggedModel that is READY and not deleted; one request.

    Raises MLflowFailure where that cannot be told.
    """
    try:
        model = client.get_logged_model(model_id)
    except Exception as error:
        if getattr(error, "error_code", None) == "RESOURCE_DOES_NOT_EXIST":
            return False
        raise explain(error, client.tracking_uri) from error
    if model is None or model.model_id != model_id:
        raise not_mlflow(client)
    return _status(model) == READY


class _Candidates:
    """The LoggedModels of one version, seen from one registrar."""

    def __init__(
        self, client: MlflowClient, experiment_id: str, registration: Registration
    ) -> None:
        self.client = client
        self.experiment_id = experiment_id
        self.registration = registration
        self.params = acceptable_params(registration.params, reserved=FATE)
        self.created: str | None = None

    def converge(self, deadline: float) -> str:
        for pause in _pauses():
            everyone = self.search()
            candidates = [one for one in everyone if _fate(one) != RETIRED]
            first = candidates[0] if candidates else None
            if first is not None and _status(first) == READY:
                self.tidy(everyone, first.model_id)
                return str(first.model_id)
            if time.monotonic() >= deadline:
                break
            if first is None:
                if self.created is None:
                    self.created = self.create()
                else:
                    time.sleep(pause)
            elif _fate(first) is None:
                later = candidates[1:]
                won = any(_status(one) == READY or _fate(one) == CHOSEN for one in later)
                self.decide(first, RETIRED if won else CHOSEN)
            else:
                self.finalize(first.model_id)
                time.sleep(pause)
        raise MLflowFailure(
            f"registering {self.registration.name} took longer than it may",
            "the registration is kept and tried again; `gitver sync` does so now",
        )

    def search(self) -> list[LoggedModel]:
        """All LoggedModels of the version that are not deleted, oldest first."""
        found: list[LoggedModel] = []
        token: str | None = None
        while True:
            page = self.client.search_logged_models(
                experiment_ids=[self.experiment_id],
                filter_string=f"name = '{self.registration.name}'",
                page_token=token,
            )
            found += page
            token = page.token
            if not token:
                break
        ours = {
            one.model_id: one
            for one in found
            if one.tags.get(VERSION_TAG) == self.registration.version
        }
        return sorted(ours.values(), key=lambda one: (one.creation_timestamp, one.model_id))

    def create(self) -> str:
        tags = acceptable_tags(self.registration.tags)
        tags[VERSION_TAG] = self.registration.version
        try:
            return self.create_with(tags)
        except Exception as error:
            # Some stores take less in a tag than others: a version without a part of its diff is
            # better than none.
            shorter = cut_tags(tags)
            if shorter == tags or not explain(error, self.client.tracking_uri).permanent:
                raise
            return self.create_with(shorter)

    def create_with(self, tags: dict[str, str]) -> str:
        model = self.client.create_logged_model(
            experiment_id=self.experiment_id,
            name=self.registration.name,
            tags=tags,
            params=next(_batches(self.params), {}),
            model_type=self.registration.model_type,
        )
        if not model.model_id:
            raise not_mlflow(self.client)
        return str(model.model_id)

    def decide(self, candidate: LoggedModel, fate: str) -> None:
        if fate == CHOSEN:
            for batch in _batches(self.params):
                # Batches are whole: they were written by this registrar or one with the same.
                if not batch.keys() & candidate.params.keys():
                    self.write(candidate.model_id, batch)
        if self.write(candidate.model_id, {FATE: fate}) and fate == CHOSEN:
            self.finalize(candidate.model_id)

    def write(self, model_id: str, params: dict[str, str]) -> bool:
        """Write parameters that nobody has written; False where somebody has."""
        try:
            self.client.log_model_params(model_id, params)
        except Exception as error:
            if getattr(error, "error_code", None) not in _LOST:
                raise
            return False
        return True

    def finalize(self, model_id: str) -> None:
        try:
            self.client.finalize_logged_model(model_id, READY)
        except Exception as error:
            if getattr(error, "error_code", None) not in _LOST:
                raise

    def tidy(self, everyone: list[LoggedModel], adopted: str) -> None:
        """Remove the losers; what cannot be removed is left for the next, never a failure."""
        with contextlib.suppress(Exception):
            for one in everyone:
                settled = _fate(one) == RETIRED and _status(one) == "FAILED"
                age = time.time() - one.creation_timestamp / 1000
                if one.model_id == adopted or settled:
                    continue
                if one.model_id == self.created or age > _LEFTOVER_AGE:
                    self.remove(one)

    def remove(self, loser: LoggedModel) -> None:
        if _fate(loser) is None:
            self.write(loser.model_id, {FATE: RETIRED})
        try:
            self.client.delete_logged_model(loser.model_id)
        except Exception as error:
            # EDIT rights of MLflow's basic auth do not include deleting.
            if getattr(error, "error_code", None) != "PERMISSION_DENIED":
                raise
            self.client.finalize_logged_model(loser.model_id, "FAILED")


def _fate(model: LoggedModel) -> str | None:
    fate = model.params.get(FATE)
    return None if fate is None else str(fate)


def _status(model: LoggedModel) -> str:
    return str(getattr(model.status, "value", model.status))


def _batches(params: dict[str, str]) -> Iterator[dict[str, str]]:
    pairs = sorted(params.items())
    for start in range(0, len(pairs), PARAMS_PER_REQUEST):
        yield dict(pairs[start : start + PARAMS_PER_REQUEST])


def _pauses() -> Iterator[float]:
    """Ever longer pauses (s), each a little random so that registrars do not march in step."""
    pause = 0.0
    while True:
        yield pause * random.uniform(0.5, 1.0)
        pause = min(_LONGEST_PAUSE, pause * 2 or 0.02)
