"""One LoggedModel for a version: made once, found again, finished where a registrar died."""

from __future__ import annotations

import select
import socket
import socketserver
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from support.servers import GuardedServer, clean_environment

from gitver_hooks.handover.store import Experiment, Store
from gitver_hooks.registry.convergence import FATE, find_or_create, is_live
from gitver_hooks.registry.failures import MLflowFailure
from gitver_hooks.registry.registration import Registration
from gitver_hooks.registry.store import experiment_id, open_store

COMMIT = "0a1b2c3d" * 5
NAME = f"app-git-{COMMIT[:8]}"


class Place:
    """A store that is open, and an experiment in it of this test's own."""

    def __init__(self, uri: str, experiment: str) -> None:
        self.uri = uri
        self.client: Any = open_store(uri)
        self.experiment = experiment_id(self.client, Experiment(experiment))

    def registration(self, **changes: Any) -> Registration:
        store = Store(self.uri, Experiment("", id=self.experiment))
        tags = {"gitver.version": COMMIT, "mlflow.source.git.commit": COMMIT}
        return replace(Registration(COMMIT, NAME, store, tags=tags), **changes)

    def find_or_create(self, registration: Registration | None = None, seconds: float = 20) -> str:
        return find_or_create(
            self.client,
            self.experiment,
            registration or self.registration(),
            deadline=time.monotonic() + seconds,
        )

    def candidate(
        self, fate: str | None = None, status: str | None = None, version: str | None = COMMIT
    ) -> str:
        """A LoggedModel as a registrar that died may have left it."""
        model = self.client.create_logged_model(
            experiment_id=self.experiment,
            name=NAME,
            tags={"gitver.version": version} if version else {},
            params={FATE: fate} if fate else {},
        )
        if status:
            self.client.finalize_logged_model(model.model_id, status)
        time.sleep(0.002)
        return str(model.model_id)

    def live(self) -> dict[str, str]:
        """The status of each LoggedModel of the version that is neither deleted nor retired."""
        found = self.client.search_logged_models(experiment_ids=[self.experiment])
        return {
            one.model_id: str(one.status.value)
            for one in found
            if one.tags.get("gitver.version") == COMMIT and one.params.get(FATE) != "retired"
        }


@pytest.fixture(params=["sqlite", "server"])
def place(
    request: pytest.FixtureRequest, sqlite_store: Path, delivering: Callable[[float], None]
) -> Place:
    """The embedded store, and a server on PostgreSQL."""
    delivering(30)
    if request.param == "sqlite":
        return Place(f"sqlite:///{sqlite_store}", request.node.name)
    return Place(request.getfixturevalue("team_server"), request.node.name)


@pytest.fixture
def embedded(sqlite_store: Path, delivering: Callable[[float], None]) -> Place:
    delivering(30)
    return Place(f"sqlite:///{sqlite_store}", "Default")


class Counting:
    """The client, and the names of what was asked of it."""

    def __init__(self, client: Any) -> None:
        self.client = client
        self.asked: list[str] = []

    def __getattr__(self, name: str) -> Any:
        if name != "tracking_uri":
            self.asked.append(name)
        return getattr(self.client, name)


# Made and found ----------------------------------------------------------------------------------


def test_a_version_is_registered_whole_and_ready(place: Place) -> None:
    model_id = place.find_or_create(
        place.registration(model_type="rag", params={"llm.name": "gpt", "empty": ""})
    )
    model = place.client.get_logged_model(model_id)
    assert (model.name, model.model_type, model.status.value) == (NAME, "rag", "READY")
    assert model.tags["gitver.version"] == model.tags["mlflow.source.git.commit"] == COMMIT
    assert model.params == {"llm.name": "gpt", "empty": "", FATE: "ready"}


def test_a_version_is_found_again_with_one_search(place: Place) -> None:
    model_id = place.find_or_create()
    counting = Counting(place.client)
    place.client = counting
    assert place.find_or_create() == model_id
    assert counting.asked == ["search_logged_models"]


def test_another_version_of_the_same_name_is_another_model(place: Place) -> None:
    other = COMMIT[:8] + "f" * 32
    first = place.find_or_create()
    second = place.find_or_create(place.registration(version=other, tags={"gitver.version": other}))
    assert first != second
    assert place.find_or_create() == first


def test_a_version_is_found_among_hundreds_of_the_same_name(embedded: Place) -> None:
    model_id = embedded.find_or_create()
    for number in range(230):
        embedded.candidate(version=f"other-{number}")
    assert embedded.find_or_create() == model_id


def test_a_model_made_by_hand_or_by_mlflow_is_not_adopted(place: Place) -> None:
    by_hand = place.candidate(version=None, status="READY")
    model_id = place.find_or_create()
    assert model_id != by_hand
    assert set(place.live()) == {model_id}
    assert is_live(place.client, by_hand)


@pytest.mark.parametrize("count", [99, 100, 101, 250])
def test_any_number_of_params_arrives(place: Place, count: int) -> None:
    params = {f"param.{number}": str(number) for number in range(count)}
    model_id = place.find_or_create(place.registration(params=params))
    assert place.client.get_logged_model(model_id).params == {**params, FATE: "ready"}


def test_params_and_tags_that_mlflow_would_refuse_are_fitted(place: Place) -> None:
    params = {
        "k" * 400: "v",
        "long": "v" * 7000,
        "nul\0and\udc80": "a\0b\udc80",
        FATE: "retired",
        "/a/../b:$": "path",
        "a b": "space",
    }
    tags = {"mlflow.source.git.diff": "+\0\udcff" + "x" * 100_000}
    model_id = place.find_or_create(place.registration(params=params, tags=tags))
    model = place.client.get_logged_model(model_id)
    assert len(model.params) == len(params) + 1
    assert model.params[FATE] == "ready"
    assert len(model.params["long"]) == 6000
    assert model.params["long"].endswith("… (cut by gitver)")
    assert max(map(len, model.params)) == 250
    assert model.tags["gitver.version"] == COMMIT
    assert len(model.tags["mlflow.source.git.diff"]) == 100_003


@pytest.mark.parametrize("name", ["a/b", "it's"])
def test_a_name_that_mlflow_refuses_is_a_permanent_failure(place: Place, name: str) -> None:
    with pytest.raises(MLflowFailure, match="refuses the registration") as caught:
        place.find_or_create(place.registration(name=name))
    assert caught.value.permanent
    assert "\n" not in str(caught.value)


def test_a_name_that_is_too_long_for_the_database_is_a_permanent_failure(
    team_server: str, delivering: Callable[[float], None]
) -> None:
    delivering(30)
    place = Place(team_server, "long names")
    with pytest.raises(MLflowFailure, match="refuses the registration") as caught:
        place.find_or_create(place.registration(name="x" * 501))
    assert caught.value.permanent


# From wherever another registrar died ------------------------------------------------------------


@pytest.mark.parametrize(
    ("left", "adopted"),
    [
        ([(None, None)], 0),
        ([("ready", None)], 0),
        ([("ready", "READY")], 0),
        ([("ready", "FAILED")], 0),
        ([("retired", None)], None),
        ([("retired", "FAILED")], None),
        ([(None, None), (None, None)], 0),
        ([(None, None), ("ready", None)], 1),
        ([(None, None), ("ready", "READY")], 1),
        ([("retired", None), ("ready", "READY")], 1),
        ([("ready", None), ("ready", "READY")], 0),
        ([("ready", "READY"), ("ready", "READY")], 0),
        ([("ready", "READY"), (None, None)], 0),
        ([("retired", "READY"), (None, None), (None, None)], 1),
        ([(None, None), (None, None), ("ready", None)], 2),
    ],
)
def test_what_others_left_behind_is_finished_and_agreed_on(
    place: Place, left: list[tuple[str | None, str | None]], adopted: int | None
) -> None:
    candidates = [place.candidate(*one) for one in left]
    model_id = place.find_or_create()
    if adopted is None:
        assert model_id not in candidates
    else:
        assert model_id == candidates[adopted]
    assert place.find_or_create() == model_id
    assert is_live(place.client, model_id)
    assert place.client.get_logged_model(model_id).params[FATE] == "ready"


def test_params_that_a_dead_registrar_did_not_come_to_are_added(place: Place) -> None:
    params = {f"p{number:03}": str(number) for number in range(150)}
    first = dict(sorted(params.items())[:100])
    left = place.client.create_logged_model(
        place.experiment, name=NAME, params=first, tags={"gitver.version": COMMIT}
    )
    assert place.find_or_create(place.registration(params=params)) == left.model_id
    model = place.client.get_logged_model(left.model_id)
    assert model.params == {**params, FATE: "ready"}


def test_leftovers_of_more_than_a_minute_are_removed(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    model_id = place.find_or_create()
    left = place.candidate()
    assert place.find_or_create() == model_id
    assert set(place.live()) == {model_id, left}
    now = time.time
    monkeypatch.setattr(time, "time", lambda: now() + 61)
    assert place.find_or_create() == model_id
    assert place.live() == {model_id: "READY"}


def test_a_version_whose_model_was_deleted_gets_another(place: Place) -> None:
    first = place.find_or_create()
    place.client.delete_logged_model(first)
    second = place.find_or_create()
    assert second != first
    assert place.live() == {second: "READY"}


def test_what_takes_longer_than_it_may_is_kept_for_later(place: Place) -> None:
    with pytest.raises(MLflowFailure, match="took longer than it may") as caught:
        place.find_or_create(seconds=-1)
    assert not caught.value.permanent
    assert place.live() == {}


def test_an_existing_model_is_found_however_late_it_is(place: Place) -> None:
    model_id = place.find_or_create()
    assert place.find_or_create(seconds=-1) == model_id


# Live or not -------------------------------------------------------------------------------------


def test_only_a_ready_model_that_is_not_deleted_is_live(place: Place) -> None:
    model_id = place.find_or_create()
    assert is_live(place.client, model_id)
    assert not is_live(place.client, place.candidate())
    assert not is_live(place.client, "m-" + "0" * 32)
    place.client.delete_logged_model(model_id)
    assert not is_live(place.client, model_id)


@pytest.mark.parametrize("fault", ["refused", "500", "login page", "empty json", "401"])
def test_whether_a_model_is_live_cannot_be_told_without_a_server(
    fault: str, faulty: Callable[[str], str], delivering: Callable[[float], None]
) -> None:
    delivering(2)
    with pytest.raises(MLflowFailure):
        is_live(open_store(faulty(fault)), "m-" + "0" * 32)


@pytest.mark.parametrize("fault", ["refused", "500", "login page", "empty json", "broken body"])
def test_registering_without_a_server_is_kept_for_later(
    fault: str, faulty: Callable[[str], str], delivering: Callable[[float], None]
) -> None:
    delivering(2)
    uri = faulty(fault)
    registration = Registration(COMMIT, NAME, Store(uri, Experiment()))
    with pytest.raises(MLflowFailure) as caught:
        find_or_create(open_store(uri), "0", registration, deadline=time.monotonic() + 2)
    assert not caught.value.permanent


# Rights ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("user", ["editor", "manager"])
def test_a_user_with_the_right_to_edit_registers_and_finds(
    user: str, guarded_server: GuardedServer, delivering: Callable[[float], None]
) -> None:
    delivering(30)
    name = f"{user}'s"
    guarded_server.experiment(name)
    place = Place(guarded_server.uri(user), name)
    model_id = place.find_or_create()
    assert place.find_or_create() == model_id
    assert is_live(place.client, model_id)


def test_a_loser_that_may_not_be_deleted_is_retired_and_failed(
    guarded_server: GuardedServer,
    delivering: Callable[[float], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    delivering(30)
    guarded_server.experiment("losers")
    place = Place(guarded_server.uri("editor"), "losers")
    model_id = place.find_or_create()
    loser = place.candidate()
    now = time.time
    monkeypatch.setattr(time, "time", lambda: now() + 61)
    assert place.find_or_create() == model_id
    left = place.client.get_logged_model(loser)
    assert (left.params[FATE], left.status.value) == ("retired", "FAILED")
    counting = Counting(place.client)
    place.client = counting
    assert place.find_or_create() == model_id
    assert counting.asked == ["search_logged_models"]


def test_a_user_who_may_only_read_finds_what_is_there_and_gets_one_line_else(
    guarded_server: GuardedServer, delivering: Callable[[float], None]
) -> None:
    delivering(30)
    guarded_server.experiment("read")
    model_id = Place(guarded_server.uri("editor"), "read").find_or_create()
    place = Place(guarded_server.uri("reader"), "read")
    assert place.find_or_create() == model_id
    other = "f" * 40
    with pytest.raises(MLflowFailure, match="does not let this user register") as caught:
        place.find_or_create(place.registration(version=other, name="app-git-ffffffff", tags={}))
    assert not caught.value.permanent
    assert "EDIT" in caught.value.remedy
    assert quote("pass-word/of:users@12", safe="") not in str(caught.value)


# With MLflow's own ways of versioning ------------------------------------------------------------


def _run(folder: Path, uri: str, program: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", program],
        cwd=folder,
        env=clean_environment(folder, MLFLOW_TRACKING_URI=uri),
        check=True,
        capture_output=True,
        text=True,
    ).stdout.strip()


def test_mlflows_own_lookups_find_the_model(
    embedded: Place, git: Any, delivering: Callable[[float], None]
) -> None:
    git("remote", "add", "origin", "https://git.example/app.git")
    commit = git("rev-parse", "HEAD")
    tags = {
        "mlflow.source.git.commit": commit,
        "mlflow.source.git.branch": "main",
        "mlflow.source.git.dirty": "false",
        "mlflow.source.git.repoURL": "https://git.example/app.git",
    }
    model_id = embedded.find_or_create(
        embedded.registration(version=commit, name=f"app-git-{commit[:8]}", tags=tags)
    )
    for lookup in (
        f"mlflow.set_active_model(name='app-git-{commit[:8]}')",
        "mlflow.genai.enable_git_model_versioning()",
    ):
        program = f"import mlflow; {lookup}; print(mlflow.get_active_model_id())"
        assert _run(git.path, embedded.uri, program).splitlines()[-1] == model_id
    # What MLflow wrote in doing so leaves it the model of the version.
    registration = embedded.registration(version=commit, name=f"app-git-{commit[:8]}", tags=tags)
    assert embedded.find_or_create(registration) == model_id


def test_a_model_that_mlflow_made_first_is_left_to_it(embedded: Place, git: Any) -> None:
    commit = git("rev-parse", "HEAD")
    name = f"app-git-{commit[:8]}"
    program = f"import mlflow; print(mlflow.set_active_model(name='{name}').model_id)"
    by_mlflow = _run(git.path, embedded.uri, program).splitlines()[-1]
    ours = embedded.find_or_create(embedded.registration(version=commit, name=name, tags={}))
    assert ours != by_mlflow
    assert is_live(embedded.client, by_mlflow)


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


def test_a_connection_that_breaks_is_no_reason_to_wait_for_the_next_hook(
    team_server: str, delivering: Callable[[float], None]
) -> None:
    delivering(30)
    direct = Place(team_server, "a connection that breaks")
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
