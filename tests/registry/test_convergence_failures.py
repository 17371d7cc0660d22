"""Registering although requests fail, connections break and models appear late."""

from __future__ import annotations

import random
import select
import socket
import socketserver
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice
from typing import TYPE_CHECKING, Any, cast

import pytest
import requests
from support.registering import COMMIT, NAME, InterruptedClient, OpenStore

from gitver_hooks.handover.store import Experiment, Store
from gitver_hooks.registry import convergence
from gitver_hooks.registry.candidates import FATE
from gitver_hooks.registry.convergence import find_or_create, is_live
from gitver_hooks.registry.failures import MLflowFailure
from gitver_hooks.registry.registration import Registration
from gitver_hooks.registry.store import open_store

if TYPE_CHECKING:
    from mlflow import MlflowClient


@pytest.mark.parametrize("fault", ["refused", "500", "login page", "empty json", "401"])
def test_without_a_server_a_model_is_neither_live_nor_gone(
    fault: str, faulty: Callable[[str], str], delivering: Callable[[float], None]
) -> None:
    delivering(2)
    with pytest.raises(MLflowFailure):
        is_live(open_store(faulty(fault)), "m-" + "0" * 32)


@pytest.mark.parametrize("fault", ["refused", "500", "login page", "empty json", "broken body"])
def test_a_failure_without_a_server_is_not_permanent(
    fault: str, faulty: Callable[[str], str], delivering: Callable[[float], None]
) -> None:
    delivering(2)
    uri = faulty(fault)
    registration = Registration(COMMIT, NAME, Store(uri, Experiment()))
    with pytest.raises(MLflowFailure) as caught:
        find_or_create(open_store(uri), "0", registration, deadline=time.monotonic() + 2)
    assert not caught.value.permanent


def failing_once(error: Exception) -> Callable[[], object]:
    """An interruption that raises ``error``: the request fails that it comes before."""

    def fail() -> object:
        raise error

    return fail


def test_a_request_is_repeated_once_if_the_connection_was_closed(
    embedded_store: OpenStore,
) -> None:
    model_id = embedded_store.find_or_create()
    client = embedded_store.client
    closed = requests.exceptions.ConnectionError("connection reset")
    embedded_store.client = InterruptedClient(client, "search_logged_models", failing_once(closed))
    assert embedded_store.find_or_create() == model_id
    # Too late for another reading: the deadline is kept.
    other = embedded_store.registration(version="f" * 40, name="app-git-ffffffff", tags={})
    embedded_store.client = InterruptedClient(client, "search_logged_models", failing_once(closed))
    with pytest.raises(MLflowFailure, match="took too long"):
        embedded_store.find_or_create(other, seconds=-1)


def test_any_other_failure_is_explained_and_not_repeated(embedded_store: OpenStore) -> None:
    embedded_store.client = InterruptedClient(
        embedded_store.client, "search_logged_models", failing_once(RuntimeError("boom"))
    )
    with pytest.raises(MLflowFailure) as caught:
        embedded_store.find_or_create()
    where = embedded_store.uri
    assert str(caught.value).startswith(f"MLflow at {where} failed: boom; ")


def test_the_failure_to_look_at_a_model_is_explained(embedded_store: OpenStore) -> None:
    client = InterruptedClient(
        embedded_store.client, "get_logged_model", failing_once(RuntimeError("boom"))
    )
    with pytest.raises(MLflowFailure) as caught:
        is_live(cast("MlflowClient", client), "m-" + "0" * 32)
    where = embedded_store.uri
    assert str(caught.value).startswith(f"MLflow at {where} failed: boom; ")


def test_a_server_that_answers_with_another_model_is_not_mlflow(embedded_store: OpenStore) -> None:
    model_id = embedded_store.find_or_create()

    class Confused:
        """A client that answers every question with the same model, or with none."""

        tracking_uri = embedded_store.uri

        def __init__(self, answer: object) -> None:
            self.answer = answer

        def get_logged_model(self, asked: str) -> object:
            return self.answer

    for answer in (None, embedded_store.client.get_logged_model(model_id)):
        with pytest.raises(MLflowFailure, match="not like MLflow"):
            is_live(cast("MlflowClient", Confused(answer)), "m-" + "0" * 32)


def test_a_missed_deadline_names_the_model(embedded_store: OpenStore) -> None:
    with pytest.raises(MLflowFailure) as caught:
        embedded_store.find_or_create(seconds=-1)
    assert str(caught.value) == (
        f"registering {NAME} took too long; it stays in the outbox and will be retried; "
        "`gitver sync` retries it now"
    )


class LateSearches:
    """A client whose searches find nothing in the first ``number`` readings after a creation."""

    def __init__(self, client: Any, number: int) -> None:
        self.client = client
        self.number = number
        self.calls: list[str] = []

    def search_logged_models(self, **options: Any) -> Any:
        page = self.client.search_logged_models(**options)
        if "create_logged_model" in self.calls and self.number:
            self.number -= 1
            page.clear()
        return page

    def __getattr__(self, name: str) -> Any:
        if name != "tracking_uri":
            self.calls.append(name)
        return getattr(self.client, name)


def test_a_created_model_that_appears_late_is_awaited(
    embedded_store: OpenStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[float] = []
    monkeypatch.setattr(time, "sleep", pauses.append)
    monkeypatch.setattr(random, "uniform", lambda shortest, longest: longest)
    embedded_store.client = client = LateSearches(embedded_store.client, 3)
    model_id = embedded_store.find_or_create()
    assert client.calls.count("create_logged_model") == 1
    assert embedded_store.live() == {model_id: "READY"}
    # The first reading found nothing, so it created the model; the pauses grow from there.
    assert pauses == [0.02, 0.04, 0.08]


def test_pauses_grow_to_a_second_and_differ_between_registrars(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(random, "uniform", lambda shortest, longest: longest)
    longest = list(islice(convergence._pauses(), 9))
    assert longest == [0.0, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.0, 1.0]
    monkeypatch.setattr(random, "uniform", lambda shortest, longest: shortest)
    assert list(islice(convergence._pauses(), 9)) == [each / 2 for each in longest]


def test_a_candidate_that_cannot_be_settled_is_tried_again_after_a_pause(
    embedded_store: OpenStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[float] = []
    monkeypatch.setattr(time, "sleep", pauses.append)
    monkeypatch.setattr(random, "uniform", lambda shortest, longest: longest)
    chosen = embedded_store.candidate("ready")
    pauses.clear()

    class LostRace(Exception):
        """What MLflow answers if another registrar was faster."""

        error_code = "INVALID_PARAMETER_VALUE"

    embedded_store.client = InterruptedClient(
        embedded_store.client, "finalize_logged_model", failing_once(LostRace())
    )
    assert embedded_store.find_or_create() == chosen
    # The first reading only looks; the second fails to settle it, the third does.
    assert pauses == [0.02]


def test_a_failure_to_remove_a_leftover_does_not_matter(
    embedded_store: OpenStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    model_id = embedded_store.find_or_create()
    left = [embedded_store.candidate() for _ in range(2)]
    now = time.time
    monkeypatch.setattr(time, "time", lambda: now() + 61)
    client = embedded_store.client
    embedded_store.client = InterruptedClient(
        client, "delete_logged_model", failing_once(RuntimeError("boom"))
    )
    assert embedded_store.find_or_create() == model_id
    assert client.get_logged_model(left[0]).params[FATE] == "retired"
    assert embedded_store.find_or_create() == model_id
    assert len(client.search_logged_models(experiment_ids=[embedded_store.experiment])) == 1


def test_leftovers_of_a_minute_are_not_removed_yet(
    embedded_store: OpenStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    model_id = embedded_store.find_or_create()
    left = embedded_store.candidate()
    created = embedded_store.client.get_logged_model(left).creation_timestamp / 1000
    monkeypatch.setattr(time, "time", lambda: created + 60)
    assert embedded_store.find_or_create() == model_id
    assert set(embedded_store.live()) == {model_id, left}
    monkeypatch.setattr(time, "time", lambda: created + 60.01)
    assert embedded_store.find_or_create() == model_id
    assert set(embedded_store.live()) == {model_id}


def test_a_loser_that_was_marked_as_failed_is_left_alone(
    embedded_store: OpenStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever marked it was not allowed to delete it, so it would be tried for ever."""
    model_id = embedded_store.find_or_create()
    failed = embedded_store.candidate("retired", "FAILED")
    unfinished = embedded_store.candidate("retired")
    chosen_and_failed = embedded_store.candidate("ready", "FAILED")
    now = time.time
    monkeypatch.setattr(time, "time", lambda: now() + 61)
    assert embedded_store.find_or_create() == model_id
    found = embedded_store.client.search_logged_models([embedded_store.experiment])
    assert {each.model_id for each in found} == {model_id, failed}
    assert {unfinished, chosen_and_failed}.isdisjoint(each.model_id for each in found)


def test_a_model_that_was_created_in_vain_is_removed_immediately(embedded_store: OpenStore) -> None:
    others: list[str] = []
    client = embedded_store.client
    embedded_store.client = InterruptedClient(
        client,
        "create_logged_model",
        lambda: others.append(OpenStore(embedded_store.uri, "Default").find_or_create()),
    )
    assert [embedded_store.find_or_create()] == others
    found = client.search_logged_models([embedded_store.experiment])
    assert [each.model_id for each in found] == others


@contextmanager
def breaking_first(address: str, number: int) -> Iterator[str]:
    """A way to the server at ``address`` on which the first ``number`` connections break."""
    host, _, port = address.removeprefix("http://").partition(":")
    left = [number]

    class Way(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            if left[0]:
                left[0] -= 1
                self.request.recv(1)
                return
            with socket.create_connection((host, int(port))) as server:
                other = {self.request: server, server: self.request}
                while True:
                    for end in select.select(list(other), [], [])[0]:
                        part = end.recv(65536)
                        if not part:
                            return
                        other[end].sendall(part)

    class Ways(socketserver.ThreadingTCPServer):
        daemon_threads = True
        block_on_close = False

    with Ways(("127.0.0.1", 0), Way) as ways:
        threading.Thread(target=ways.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{ways.server_address[1]}"
        ways.shutdown()


@pytest.mark.heavy
def test_a_broken_connection_is_retried_immediately(
    team_server: str, delivering: Callable[[float], None]
) -> None:
    delivering(30)
    direct = OpenStore(team_server, "a connection that breaks")
    with breaking_first(team_server, 1) as address:
        found = find_or_create(
            open_store(address),
            direct.experiment,
            direct.registration(),
            deadline=time.monotonic() + 20,
        )
    assert direct.find_or_create() == found
    with breaking_first(team_server, 9) as address, pytest.raises(MLflowFailure, match="broke"):
        find_or_create(
            open_store(address),
            direct.experiment,
            direct.registration(),
            deadline=time.monotonic() + 20,
        )
