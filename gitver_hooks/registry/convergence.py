"""Makes sure that a version has one live LoggedModel, however many machines register it at once.

MLflow lets any number of models have one name, so registrars that search and then create make
duplicates. But each parameter of a model can only be written once. The parameter ``gitver.fate`` of
a candidate therefore decides between registrars. A candidate is a model that gitver created for the
version or one that it may adopt (see ``adoption``). Every registrar repeats these steps, wherever
another one may have been killed:

1. Read the candidates, oldest first, ignoring those whose fate is ``retired``.
2. One is *settled* (fate ``ready``, READY, tagged with the version): it is the model.
3. There is none: create one, at most once.
4. The first has no fate: write it, ``retired`` if a later one has the fate ``ready``, else
   ``ready``.
5. The first has the fate ``ready``: settle it, whoever created it (finalize it; add the tags to an
   adopted one).
6. Afterwards, retire and delete what this call created in vain and what others left behind, but
   never a model that gitver did not create.

Reading is up to two searches, one by name (or tree) and one by git tags, so it is not atomic. That
is why **steps 4 and 5 act only on what was known before the reading began**: on a candidate that
this registrar had already seen with the same fate (or had created, or decided, itself).

No two candidates of a version are ever settled. Suppose that L and C are, and that C sorts before
L. Whoever settled L knew that it was chosen, then read the candidates, and did not find C; so C
appeared after L was chosen. (It sorts first because of a skewed clock, or because its tags were
added late.) Whoever decided on C knew C, then read the candidates; so that reading began after L
was chosen, found L chosen and later than C, and C was retired. A fate is never rewritten, so C
cannot have been settled.

Hence a settled candidate that a single search by name returns is the model, whatever else exists:
known versions cost one search.
"""

from __future__ import annotations

import contextlib
import random
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from gitver_hooks.registry.adoption import can_adopt, status_of
from gitver_hooks.registry.candidates import (
    CHOSEN,
    READY,
    RETIRED,
    Candidate,
    all_candidates,
    candidates_by_name,
)
from gitver_hooks.registry.failures import MLflowFailure, connection_broke, explained
from gitver_hooks.registry.model_writer import ModelWriter
from gitver_hooks.registry.store import exclusively, not_mlflow

if TYPE_CHECKING:
    from mlflow import MlflowClient

    from gitver_hooks.registry.registration import Registration

# Seconds.
_LEFTOVER_AGE = 60.0
_LONGEST_PAUSE = 1.0


def find_or_create(
    client: MlflowClient, experiment_id: str, registration: Registration, *, deadline: float
) -> str:
    """Return the id of the one live LoggedModel for a version; create or adopt one if needed.

    Finding an existing one takes one search, or three for an adopted one of another name.
    ``deadline`` is a ``time.monotonic()`` value in seconds after which no new step begins; a single
    step takes as long as the client allows. Raises MLflowFailure.
    """
    with explained(client.tracking_uri), exclusively(client.tracking_uri):
        registrar = _Registrar(client, experiment_id, registration)
        try:
            return registrar.converge(deadline)
        except Exception as error:
            # Servers may close idle connections at any time, even during a request.
            if not connection_broke(error):
                raise
            return registrar.converge(deadline)


def is_live(client: MlflowClient, model_id: str) -> bool:
    """Whether ``model_id`` is a LoggedModel that is READY and not deleted. One request.

    Raises MLflowFailure if that cannot be determined.
    """
    with explained(client.tracking_uri):
        try:
            model = client.get_logged_model(model_id)
        except Exception as error:
            if getattr(error, "error_code", None) == "RESOURCE_DOES_NOT_EXIST":
                return False
            raise
        if model is None or model.model_id != model_id:
            raise not_mlflow(client)
        return status_of(model) == READY


def name_of(client: MlflowClient, model_id: str) -> str:
    """The name of an existing LoggedModel. One request. Raises MLflowFailure."""
    with explained(client.tracking_uri):
        return str(client.get_logged_model(model_id).name)


class _Registrar:
    """One registrar's attempt to agree with all others on the model of a version."""

    def __init__(
        self, client: MlflowClient, experiment_id: str, registration: Registration
    ) -> None:
        self.client = client
        self.experiment_id = experiment_id
        self.registration = registration
        self.writer = ModelWriter(client, experiment_id, registration)
        self.created: str | None = None
        # The fate of each candidate as of the previous reading, or as written since.
        self.known: dict[str, str | None] = {}

    def converge(self, deadline: float) -> str:
        """Repeat the steps until a candidate is settled; return its id."""
        if can_adopt(self.registration):
            named = candidates_by_name(self.client, self.experiment_id, self.registration)
            settled = _settled(named)
            if settled is not None:
                return self.agree(settled, named)
        for pause in _pauses():
            candidates = all_candidates(self.client, self.experiment_id, self.registration)
            settled = _settled(candidates)
            if settled is None and time.monotonic() >= deadline:
                break
            settled = settled or self.advance(candidates, pause)
            if settled is not None:
                return self.agree(settled, candidates)
        raise MLflowFailure(
            f"registering {self.registration.name} took too long",
            "it stays in the outbox and will be retried; `gitver sync` retries it now",
        )

    def advance(self, candidates: list[Candidate], pause: float) -> Candidate | None:
        """Take step 3, 4 or 5; return the candidate if this has settled one."""
        known, self.known = self.known, {each.model_id: each.fate for each in candidates}
        contenders = [each for each in candidates if each.fate != RETIRED]
        if not contenders:
            self.create_once(pause)
            return None
        first, *later = contenders
        if first.model_id not in known or known[first.model_id] != first.fate:
            return None
        if first.fate is None:
            self.decide(first, later)
            return None
        if self.writer.settle(first):
            return first
        time.sleep(pause)
        return None

    def create_once(self, pause: float) -> None:
        """Create a candidate, or wait ``pause`` seconds for the created one to appear."""
        if self.created is not None:
            time.sleep(pause)
            return
        self.created = self.writer.create()
        self.known[self.created] = None

    def decide(self, first: Candidate, later: list[Candidate]) -> None:
        """Write the fate of the first candidate, unless somebody else has."""
        fate = RETIRED if any(each.fate == CHOSEN for each in later) else CHOSEN
        if self.writer.write_fate(first, fate):
            self.known[first.model_id] = fate

    def agree(self, settled: Candidate, candidates: list[Candidate]) -> str:
        """Return the id of the settled candidate, after removing abandoned ones."""
        # The next registrar tries again to remove what cannot be removed now.
        with contextlib.suppress(Exception):
            for each in candidates:
                if each.model_id != settled.model_id and self.is_abandoned(each):
                    self.writer.remove(each)
        return settled.model_id

    def is_abandoned(self, loser: Candidate) -> bool:
        if not loser.created_by_gitver:
            return False
        if loser.fate == RETIRED and status_of(loser.model) == "FAILED":
            return False
        age = time.time() - loser.model.creation_timestamp / 1000
        return loser.model_id == self.created or age > _LEFTOVER_AGE


def _settled(candidates: list[Candidate]) -> Candidate | None:
    return next((each for each in candidates if each.settled), None)


def _pauses() -> Iterator[float]:
    """Growing pauses in seconds, randomised so that registrars do not stay in step."""
    pause = 0.0
    while True:
        yield pause * random.uniform(0.5, 1.0)
        pause = min(_LONGEST_PAUSE, pause * 2 or 0.02)
