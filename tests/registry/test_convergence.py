"""One LoggedModel for a version: made once, found again, finished where a registrar died."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from support.registering import COMMIT, NAME, CountingClient, OpenStore

from gitver_hooks.registry.candidates import FATE
from gitver_hooks.registry.convergence import is_live
from gitver_hooks.registry.failures import MLflowFailure
from gitver_hooks.registry.limits import PARAM_PREFIX

if TYPE_CHECKING:
    pass


def test_a_version_is_registered_completely_and_ready(store: OpenStore) -> None:
    model_id = store.find_or_create(
        store.registration(model_type="rag", params={"llm.name": "gpt", "empty": ""})
    )
    model = store.client.get_logged_model(model_id)
    assert (model.name, model.model_type, model.status.value) == (NAME, "rag", "READY")
    assert model.tags["gitver.version"] == model.tags["mlflow.source.git.commit"] == COMMIT
    assert model.params == {"llm.name": "gpt", "empty": "", FATE: "ready"}


def test_a_version_is_found_again_with_one_search(store: OpenStore) -> None:
    model_id = store.find_or_create()
    counting = CountingClient(store.client)
    store.client = counting
    assert store.find_or_create() == model_id
    assert counting.calls == ["search_logged_models"]


def test_another_version_of_the_same_name_is_another_model(store: OpenStore) -> None:
    other = COMMIT[:8] + "f" * 32
    first = store.find_or_create()
    second = store.find_or_create(store.registration(version=other, tags={"gitver.version": other}))
    assert first != second
    assert store.find_or_create() == first


@pytest.mark.heavy
def test_a_version_is_found_among_hundreds_of_the_same_name(embedded_store: OpenStore) -> None:
    model_id = embedded_store.find_or_create()
    for number in range(230):
        embedded_store.candidate(version=f"other-{number}")
    assert embedded_store.find_or_create() == model_id


@pytest.mark.parametrize("count", [99, 100, 101, 250])
def test_any_number_of_params_arrives(store: OpenStore, count: int) -> None:
    params = {f"param.{number}": str(number) for number in range(count)}
    model_id = store.find_or_create(store.registration(params=params))
    assert store.client.get_logged_model(model_id).params == {**params, FATE: "ready"}


def test_params_of_the_settings_do_not_collide_with_those_that_the_app_logs(
    store: OpenStore,
) -> None:
    model_id = store.find_or_create(store.registration(params={PARAM_PREFIX + "model": "gpt"}))
    store.client.log_model_params(model_id, {"model": "gpt", "temperature": "0.2"})
    params = store.client.get_logged_model(model_id).params
    assert params == {
        "model": "gpt",
        "temperature": "0.2",
        PARAM_PREFIX + "model": "gpt",
        FATE: "ready",
    }


def test_params_and_tags_that_mlflow_would_refuse_are_fitted(store: OpenStore) -> None:
    params = {
        "k" * 400: "v",
        "long": "v" * 7000,
        "nul\0and\udc80": "a\0b\udc80",
        FATE: "retired",
        "/a/../b:$": "path",
        "a b": "space",
    }
    tags = {"mlflow.source.git.diff": "+\0\udcff" + "x" * 100_000}
    model_id = store.find_or_create(store.registration(params=params, tags=tags))
    model = store.client.get_logged_model(model_id)
    assert len(model.params) == len(params) + 1
    assert model.params[FATE] == "ready"
    assert len(model.params["long"]) == 6000
    assert model.params["long"].endswith("… (cut by gitver)")
    assert max(map(len, model.params)) == 250
    assert model.tags["gitver.version"] == COMMIT
    assert len(model.tags["mlflow.source.git.diff"]) == 100_003


@pytest.mark.parametrize("name", ["a/b", "it's"])
def test_a_name_that_mlflow_refuses_is_a_permanent_failure(store: OpenStore, name: str) -> None:
    with pytest.raises(MLflowFailure, match="refuses the registration") as caught:
        store.find_or_create(store.registration(name=name))
    assert caught.value.permanent
    assert "\n" not in str(caught.value)


@pytest.mark.heavy
def test_a_name_that_is_too_long_for_the_database_is_a_permanent_failure(
    team_server: str, delivering: Callable[[float], None]
) -> None:
    delivering(30)
    store = OpenStore(team_server, "long names")
    with pytest.raises(MLflowFailure, match="refuses the registration") as caught:
        store.find_or_create(store.registration(name="x" * 501))
    assert caught.value.permanent


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
        # The second is settled, so whoever settled it knew that the first could not be.
        ([("ready", None), ("ready", "READY")], 1),
        ([("ready", "READY"), ("ready", "READY")], 0),
        ([("ready", "READY"), (None, None)], 0),
        ([("retired", "READY"), (None, None), (None, None)], 1),
        ([(None, None), (None, None), ("ready", None)], 2),
    ],
)
def test_unfinished_candidates_of_others_are_finished(
    store: OpenStore, left: list[tuple[str | None, str | None]], adopted: int | None
) -> None:
    candidates = [store.candidate(*candidate) for candidate in left]
    model_id = store.find_or_create()
    if adopted is None:
        assert model_id not in candidates
    else:
        assert model_id == candidates[adopted]
    assert store.find_or_create() == model_id
    assert is_live(store.client, model_id)
    assert store.client.get_logged_model(model_id).params[FATE] == "ready"


def test_params_that_a_killed_registrar_did_not_write_are_added(store: OpenStore) -> None:
    params = {f"p{number:03}": str(number) for number in range(150)}
    first = dict(sorted(params.items())[:100])
    left = store.client.create_logged_model(
        store.experiment, name=NAME, params=first, tags={"gitver.version": COMMIT}
    )
    assert store.find_or_create(store.registration(params=params)) == left.model_id
    model = store.client.get_logged_model(left.model_id)
    assert model.params == {**params, FATE: "ready"}


def test_leftovers_of_more_than_a_minute_are_removed(
    store: OpenStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    model_id = store.find_or_create()
    left = store.candidate()
    assert store.find_or_create() == model_id
    assert set(store.live()) == {model_id, left}
    now = time.time
    monkeypatch.setattr(time, "time", lambda: now() + 61)
    assert store.find_or_create() == model_id
    assert store.live() == {model_id: "READY"}


def test_a_version_whose_model_was_deleted_gets_another(store: OpenStore) -> None:
    first = store.find_or_create()
    store.client.delete_logged_model(first)
    second = store.find_or_create()
    assert second != first
    assert store.live() == {second: "READY"}


def test_a_registration_past_its_deadline_stays_in_the_outbox(store: OpenStore) -> None:
    with pytest.raises(MLflowFailure, match="took too long") as caught:
        store.find_or_create(seconds=-1)
    assert not caught.value.permanent
    assert store.live() == {}


def test_an_existing_model_is_found_even_past_the_deadline(store: OpenStore) -> None:
    model_id = store.find_or_create()
    assert store.find_or_create(seconds=-1) == model_id


def test_only_a_ready_model_that_is_not_deleted_is_live(store: OpenStore) -> None:
    model_id = store.find_or_create()
    assert is_live(store.client, model_id)
    assert not is_live(store.client, store.candidate())
    assert not is_live(store.client, "m-" + "0" * 32)
    store.client.delete_logged_model(model_id)
    assert not is_live(store.client, model_id)
