"""Writes a version's LoggedModels in steps that any number of registrars may repeat.

Each step takes a few requests at most. Another registrar may have done it just before, which is not
an error.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, TypeVar

from gitver_hooks.registry.adoption import adoption_tags, status_of
from gitver_hooks.registry.candidates import CHOSEN, FATE, READY, RETIRED, Candidate
from gitver_hooks.registry.failures import explain
from gitver_hooks.registry.limits import (
    PARAMS_PER_REQUEST,
    acceptable_params,
    acceptable_tags,
    cut_tags,
)
from gitver_hooks.registry.model_id import is_model_id
from gitver_hooks.registry.store import not_mlflow
from gitver_hooks.registry.tags import VERSION_TAG

if TYPE_CHECKING:
    from mlflow import MlflowClient

    from gitver_hooks.registry.registration import Registration

_Answer = TypeVar("_Answer")
# What MLflow answers if a parameter exists already, or if its model has just been deleted.
_LOST = frozenset({"BAD_REQUEST", "INVALID_PARAMETER_VALUE", "RESOURCE_DOES_NOT_EXIST"})


class ModelWriter:
    """Creates, decides on, settles and removes the candidates of one registration."""

    def __init__(
        self, client: MlflowClient, experiment_id: str, registration: Registration
    ) -> None:
        self._client = client
        self._experiment_id = experiment_id
        self._registration = registration
        self._params = acceptable_params(registration.params, reserved=FATE)

    def create(self) -> str:
        """Create a PENDING model for the version; its id."""
        tags = {**self._registration.tags, VERSION_TAG: self._registration.version}
        return self._with_acceptable_tags(tags, self._create_with)

    def write_fate(self, candidate: Candidate, fate: str) -> bool:
        """Write the fate of a candidate; False if somebody else has."""
        if fate == CHOSEN:
            for batch in _batches(self._params):
                # A batch is atomic, and every registrar of the version writes the same batches.
                if not batch.keys() & candidate.model.params.keys():
                    self._write_params(candidate.model_id, batch)
        text = candidate.fate_text(fate, self._registration)
        return self._write_params(candidate.model_id, {FATE: text})

    def settle(self, chosen: Candidate) -> bool:
        """Make a chosen candidate the model of the version; False if it has to be repeated."""
        if chosen.created_by_gitver:
            return self._unless_lost(
                lambda: self._client.finalize_logged_model(chosen.model_id, READY)
            )
        return self._unless_lost(lambda: self._adopt(chosen))

    def remove(self, loser: Candidate) -> None:
        """Retire a candidate and delete it, or mark it as FAILED if the user may not delete it."""
        if loser.fate is None:
            self._write_params(loser.model_id, {FATE: RETIRED})
        try:
            self._client.delete_logged_model(loser.model_id)
        except Exception as error:
            # The EDIT permission of MLflow's basic auth does not include deleting.
            if getattr(error, "error_code", None) != "PERMISSION_DENIED":
                raise
            self._client.finalize_logged_model(loser.model_id, "FAILED")

    def _create_with(self, tags: dict[str, str]) -> str:
        model = self._client.create_logged_model(
            experiment_id=self._experiment_id,
            name=self._registration.name,
            tags=tags,
            params=next(_batches(self._params), {}),
            model_type=self._registration.model_type,
        )
        if not is_model_id(model.model_id):
            raise not_mlflow(self._client)
        return str(model.model_id)

    def _adopt(self, chosen: Candidate) -> None:
        if status_of(chosen.model) != READY:
            self._client.finalize_logged_model(chosen.model_id, READY)
        # The tags come last: gitver.version is what makes the candidate a settled one.
        self._with_acceptable_tags(
            adoption_tags(chosen.model, self._registration),
            lambda tags: self._client.set_logged_model_tags(chosen.model_id, tags),
        )

    def _with_acceptable_tags(
        self, tags: dict[str, str], send: Callable[[dict[str, str]], _Answer]
    ) -> _Answer:
        """Send tags; if MLflow refuses them, send shorter ones.

        Some stores allow less text in a tag than others, and a version without the end of its diff
        is better than none.
        """
        full_tags = acceptable_tags(tags)
        try:
            return send(full_tags)
        except Exception as error:
            short_tags = cut_tags(full_tags)
            if short_tags == full_tags or not explain(error, self._client.tracking_uri).permanent:
                raise
            return send(short_tags)

    def _write_params(self, model_id: str, params: dict[str, str]) -> bool:
        return self._unless_lost(lambda: self._client.log_model_params(model_id, params))

    def _unless_lost(self, action: Callable[[], object]) -> bool:
        """Call ``action``; False if another registrar was faster or the model has been deleted."""
        try:
            action()
        except Exception as error:
            if getattr(error, "error_code", None) not in _LOST:
                raise
            return False
        return True


def _batches(params: dict[str, str]) -> Iterator[dict[str, str]]:
    pairs = sorted(params.items())
    for start in range(0, len(pairs), PARAMS_PER_REQUEST):
        yield dict(pairs[start : start + PARAMS_PER_REQUEST])
