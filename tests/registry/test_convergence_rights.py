"""Registering with the rights that MLflow's basic authentication grants."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest
from support.guarded_server import GuardedServer
from support.registering import CountingClient, OpenStore

from gitver_hooks.registry.candidates import FATE
from gitver_hooks.registry.convergence import is_live
from gitver_hooks.registry.failures import MLflowFailure

if TYPE_CHECKING:
    pass


@pytest.mark.heavy
@pytest.mark.parametrize("user", ["editor", "manager"])
def test_a_user_with_the_right_to_edit_registers_and_finds(
    user: str, guarded_server: GuardedServer, delivering: Callable[[float], None]
) -> None:
    delivering(30)
    name = f"{user}'s"
    guarded_server.experiment(name)
    store = OpenStore(guarded_server.uri(user), name)
    model_id = store.find_or_create()
    assert store.find_or_create() == model_id
    assert is_live(store.client, model_id)


@pytest.mark.heavy
def test_a_loser_that_may_not_be_deleted_is_retired_and_failed(
    guarded_server: GuardedServer,
    delivering: Callable[[float], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    delivering(30)
    guarded_server.experiment("losers")
    store = OpenStore(guarded_server.uri("editor"), "losers")
    model_id = store.find_or_create()
    loser = store.candidate()
    now = time.time
    monkeypatch.setattr(time, "time", lambda: now() + 61)
    assert store.find_or_create() == model_id
    left = store.client.get_logged_model(loser)
    assert (left.params[FATE], left.status.value) == ("retired", "FAILED")
    counting = CountingClient(store.client)
    store.client = counting
    assert store.find_or_create() == model_id
    assert counting.calls == ["search_logged_models"]


@pytest.mark.heavy
def test_a_user_who_may_only_read_finds_models_and_cannot_register(
    guarded_server: GuardedServer, delivering: Callable[[float], None]
) -> None:
    delivering(30)
    guarded_server.experiment("read")
    model_id = OpenStore(guarded_server.uri("editor"), "read").find_or_create()
    store = OpenStore(guarded_server.uri("reader"), "read")
    assert store.find_or_create() == model_id
    other = "f" * 40
    with pytest.raises(MLflowFailure, match="does not let this user register") as caught:
        store.find_or_create(store.registration(version=other, name="app-git-ffffffff", tags={}))
    assert not caught.value.permanent
    assert "EDIT" in caught.value.remedy
    assert quote("pass-word/of:users@12", safe="") not in str(caught.value)
