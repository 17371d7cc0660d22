"""What another process may do between two steps of a registrar does not mislead it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from support.registering import COMMIT, NAME, InterruptedClient, OpenStore

from gitver_hooks.registry.candidates import FATE, candidates_by_name
from gitver_hooks.registry.convergence import is_live
from gitver_hooks.registry.failures import MLflowFailure

CLEAN = {
    "gitver.version": COMMIT,
    "mlflow.source.git.commit": COMMIT,
    "mlflow.source.git.dirty": "false",
}


@pytest.fixture
def database(sqlite_store: Path) -> Iterator[sqlite3.Connection]:
    """The database of ``embedded_store``, for what MLflow's API does not offer."""
    with closing(sqlite3.connect(sqlite_store, isolation_level=None)) as connection:
        yield connection


def test_a_candidate_that_another_registrar_retires_just_before_is_not_finalized(
    store: OpenStore,
) -> None:
    ours = store.candidate()
    others: list[str] = []

    def retire() -> None:
        others.append(store.candidate("ready", "READY"))
        client.log_model_params(ours, {FATE: "retired"})

    client = store.client
    store.client = InterruptedClient(client, "log_model_params", retire)
    assert [store.find_or_create()] == others
    assert client.get_logged_model(ours).status.value == "PENDING"


@pytest.mark.parametrize("step", ["log_model_params", "finalize_logged_model"])
def test_a_candidate_that_is_purged_between_two_steps_is_replaced(
    step: str, embedded_store: OpenStore, database: sqlite3.Connection
) -> None:
    ours = embedded_store.candidate()

    def purge() -> None:
        # As `mlflow gc` does.
        for table in ("logged_model_params", "logged_model_tags", "logged_models"):
            database.execute(f"DELETE FROM {table} WHERE model_id = ?", [ours])

    client = embedded_store.client
    embedded_store.client = InterruptedClient(client, step, purge)
    replaced = embedded_store.find_or_create()
    assert replaced != ours
    assert is_live(client, replaced)


class ReversedSearches:
    """A client whose searches return models in the opposite order."""

    def __init__(self, client: Any) -> None:
        self.client = client

    def search_logged_models(self, **options: Any) -> Any:
        page = self.client.search_logged_models(**options)
        page.reverse()
        return page

    def __getattr__(self, name: str) -> Any:
        return getattr(self.client, name)


def test_all_registrars_order_candidates_of_the_same_millisecond_alike(
    embedded_store: OpenStore, database: sqlite3.Connection
) -> None:
    created = {embedded_store.candidate() for _ in range(4)}
    database.execute("UPDATE logged_models SET creation_timestamp_ms = 1000")
    orders = [
        [
            each.model_id
            for each in candidates_by_name(
                client, embedded_store.experiment, embedded_store.registration()
            )
        ]
        for client in (embedded_store.client, ReversedSearches(embedded_store.client))
    ]
    assert orders == [sorted(created), sorted(created)]


def test_a_candidate_seen_for_the_first_time_is_not_decided_on(
    embedded_store: OpenStore, database: sqlite3.Connection
) -> None:
    """Between the two searches of a reading, another registrar adopts a model that this one has
    read as undecided, and then a candidate turns up that sorts before it."""
    registration = embedded_store.registration(tags=CLEAN)
    git_tags = {key: value for key, value in CLEAN.items() if not key.startswith("gitver")}
    adopted = embedded_store.model("keen-owl-7", git_tags)
    late: list[str] = []

    class BetweenSearches:
        """A client that lets others act after its first search by tags."""

        def __init__(self, client: Any) -> None:
            self.client = client

        def search_logged_models(self, **options: Any) -> Any:
            found = self.client.search_logged_models(**options)
            if "tags" in options["filter_string"] and not late:
                assert others.find_or_create(registration) == adopted
                late.append(others.candidate())
                database.execute(
                    "UPDATE logged_models SET creation_timestamp_ms = 1 WHERE model_id = ?", late
                )
            return found

        def __getattr__(self, name: str) -> Any:
            return getattr(self.client, name)

    others = OpenStore(embedded_store.uri, "Default")
    embedded_store.client = BetweenSearches(others.client)
    assert embedded_store.find_or_create(registration) == adopted
    assert others.client.get_logged_model(adopted).name != NAME
    (chosen,) = database.execute(
        "SELECT COUNT(*) FROM logged_model_params WHERE model_id = ? AND param_value = 'ready'",
        late,
    ).fetchone()
    assert chosen == 0


@pytest.mark.parametrize("model_id", ["../../etc/passwd", "m-", "m-" + "A" * 32, "m-" + "0" * 33])
def test_an_id_that_is_not_mlflows_is_never_returned(
    model_id: str, embedded_store: OpenStore, database: sqlite3.Connection
) -> None:
    embedded_store.find_or_create()
    database.execute("PRAGMA foreign_keys = OFF")
    for table in ("logged_models", "logged_model_params", "logged_model_tags"):
        database.execute(f"UPDATE {table} SET model_id = ?", [model_id])
    with pytest.raises(MLflowFailure, match="not like MLflow"):
        embedded_store.find_or_create()
