"""Opening stores: created if missing, left alone if not ours, and always in bounded time."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy
from support.guarded_server import GuardedServer
from support.servers import clean_environment
from support.sqlite_stores import PERMISSION_FAULTS, SQLITE_FAULTS, sqlite_fault

from gitver_hooks.handover.store import Experiment, Store
from gitver_hooks.registry.convergence import find_or_create
from gitver_hooks.registry.failures import MLflowFailure
from gitver_hooks.registry.registration import Registration
from gitver_hooks.registry.store import experiment_id, open_store

Delivering = Callable[[float], None]
# Seconds, with slack for a loaded machine; MLflow alone takes 102 to 1,206.
SOON = 60


def register(uri: str, version: str = "a" * 40) -> str:
    """What a deliverer does with one registration; the model's id."""
    client = open_store(uri)
    experiment = experiment_id(client, Experiment())
    registration = Registration(version, f"app-git-{version[:8]}", Store(uri, Experiment()))
    return find_or_create(client, experiment, registration, deadline=time.monotonic() + 20)


def schema(store: Path) -> list[tuple[str]]:
    with closing(sqlite3.connect(store)) as connection:
        return connection.execute("SELECT name, sql FROM sqlite_schema ORDER BY name").fetchall()


# Bounds ----------------------------------------------------------------------------------------


def test_a_deliverer_limits_how_long_mlflow_waits(delivering: Delivering) -> None:
    delivering(10)
    from mlflow import environment_variables as variables

    assert variables.MLFLOW_HTTP_REQUEST_TIMEOUT.get() == 5
    assert variables.MLFLOW_HTTP_REQUEST_MAX_RETRIES.get() == 0
    assert variables.MLFLOW_HTTP_RESPECT_RETRY_AFTER_HEADER.get() is False


def test_a_stricter_setting_of_the_user_stays(
    delivering: Delivering, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "2")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "many")
    delivering(60)
    assert os.environ["MLFLOW_HTTP_REQUEST_TIMEOUT"] == "2"
    assert os.environ["MLFLOW_HTTP_REQUEST_MAX_RETRIES"] == "0"


# SQLite ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["mlflow.db", "a folder/below/it.db", "with#and&.db", "100 %41.db", "ünï cödé.db"]
)
def test_a_store_that_does_not_exist_is_created(
    name: str, tmp_path: Path, delivering: Delivering
) -> None:
    delivering(20)
    path = tmp_path / name
    uri = sqlalchemy.URL.create("sqlite", database=str(path)).render_as_string()
    assert register(uri) == register(uri)
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_a_relative_path_is_relative_to_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, delivering: Delivering
) -> None:
    delivering(20)
    monkeypatch.chdir(tmp_path)
    model = register("sqlite:///below/mlflow.db")
    assert register(f"sqlite:///{tmp_path}/below/mlflow.db") == model


def test_an_empty_file_becomes_a_store(tmp_path: Path, delivering: Delivering) -> None:
    delivering(20)
    (tmp_path / "mlflow.db").touch()
    assert register(f"sqlite:///{tmp_path}/mlflow.db").startswith("m-")


def test_a_store_in_memory_can_be_opened(delivering: Delivering) -> None:
    delivering(20)
    assert experiment_id(open_store("sqlite:///:memory:"), Experiment()) == "0"


def test_processes_that_create_a_store_at_the_same_time_share_it(tmp_path: Path) -> None:
    program = (
        "import sys; from gitver_hooks.registry.store import *;"
        "from gitver_hooks.handover.store import Experiment;"
        "from gitver_hooks.registry.own_process import *;"
        "prepare_own_process(60); import mlflow; sys.stdin.readline();"
        f"client = open_store('sqlite:///{tmp_path}/mlflow.db');"
        "print(experiment_id(client, Experiment('shared')))"
    )
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", program],
            env=clean_environment(tmp_path),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]
    time.sleep(3)
    answers = [process.communicate("go\n", timeout=60) for process in processes]
    assert answers == [("1\n", "")] * 4
    assert [file.name for file in tmp_path.glob("*.db*")] == ["mlflow.db"]


EXPECTED_OF_SQLITE = {
    "locked": ("is locked by another process", "gitver sync"),
    "corrupt": ("is corrupt", "restore it"),
    "unopenable": ("cannot be opened", "check that its folder exists"),
    "older": ("an older schema (3500859a5d39; MLflow ", "mlflow db upgrade"),
    "newer": ("a newer schema (ffffffffffff; MLflow ", "the one of your app"),
    "foreign": ("contains tables, but no MLflow schema", "another one"),
    "no folder": ("cannot be opened", "check that its folder exists"),
    "read-only file": ("cannot be written", "writable"),
    "read-only folder": ("cannot be", "writ"),
}


@pytest.mark.parametrize("fault", SQLITE_FAULTS + PERMISSION_FAULTS)
def test_a_broken_store_fails_soon_with_one_line_and_keeps_the_registration(
    fault: str, sqlite_store: Path, delivering: Delivering, capfd: pytest.CaptureFixture[str]
) -> None:
    delivering(20)
    register(f"sqlite:///{sqlite_store}")
    started = time.monotonic()
    with sqlite_fault(fault, sqlite_store) as uri, pytest.raises(MLflowFailure) as caught:
        register(uri, "b" * 40)
    assert time.monotonic() - started < SOON
    message, remedy = EXPECTED_OF_SQLITE[fault]
    assert message in caught.value.message
    assert remedy in caught.value.remedy
    assert str(sqlite_store) in caught.value.message
    assert "\n" not in str(caught.value)
    assert not caught.value.permanent
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("fault", ["older", "newer", "foreign", "corrupt"])
def test_a_store_with_another_schema_is_not_changed(
    fault: str, sqlite_store: Path, delivering: Delivering
) -> None:
    delivering(20)
    with sqlite_fault(fault, sqlite_store) as uri:
        before = sqlite_store.read_bytes()
        with pytest.raises(MLflowFailure):
            open_store(uri)
    assert sqlite_store.read_bytes() == before


def test_models_in_a_read_only_store_are_found(sqlite_store: Path, delivering: Delivering) -> None:
    delivering(20)
    model = register(f"sqlite:///{sqlite_store}")
    with sqlite_fault("read-only file", sqlite_store) as uri:
        assert register(uri) == model


def test_a_store_that_is_being_created_is_awaited(
    sqlite_store: Path, delivering: Delivering
) -> None:
    delivering(20)
    with closing(sqlite3.connect(sqlite_store)) as connection:
        (head,) = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        steps = ";".join(
            f"time.sleep(0.3); c.execute('UPDATE alembic_version SET version_num = ?', ['{each}']);"
            "c.commit()"
            for each in ("84291f40a231", "a8c4a736bde6", "451aebb31d03", head)
        )
        connection.execute("UPDATE alembic_version SET version_num = '90e64c465722'")
        connection.commit()
    creator = subprocess.Popen(
        [
            sys.executable,
            "-c",
            f"import sqlite3, time; c = sqlite3.connect('{sqlite_store}'); {steps}",
        ]
    )
    assert register(f"sqlite:///{sqlite_store}").startswith("m-")
    assert creator.wait() == 0


# Other stores ----------------------------------------------------------------------------------


def test_a_file_store_works_if_mlflow_allows_it(
    tmp_path: Path, delivering: Delivering, monkeypatch: pytest.MonkeyPatch
) -> None:
    delivering(20)
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    uri = (tmp_path / "mlruns").as_uri()
    assert register(uri) == register(uri)


def test_a_database_server_works(
    team_server: str, postgres_uri: str, delivering: Delivering
) -> None:
    delivering(20)
    assert register(postgres_uri, "c" * 40) == register(team_server, "c" * 40)


def test_a_database_server_with_another_schema_is_not_changed(
    postgres_uri: str, delivering: Delivering
) -> None:
    delivering(20)
    engine = sqlalchemy.create_engine(postgres_uri, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(sqlalchemy.text("DROP DATABASE IF EXISTS another"))
        connection.execute(sqlalchemy.text("CREATE DATABASE another"))
    engine.dispose()
    another = postgres_uri.replace("/postgres?", "/another?")
    engine = sqlalchemy.create_engine(another)
    with engine.begin() as connection:
        connection.execute(sqlalchemy.text("CREATE TABLE alembic_version (version_num text)"))
        connection.execute(sqlalchemy.text("INSERT INTO alembic_version VALUES ('3500859a5d39')"))
    with pytest.raises(MLflowFailure, match=r"an older schema \(3500859a5d39"):
        open_store(another)
    with engine.connect() as connection:
        assert sqlalchemy.inspect(connection).get_table_names() == ["alembic_version"]
    engine.dispose()


@pytest.mark.parametrize(
    ("uri", "message", "permanent"),
    [
        ("nonsense://somewhere", "does not support the tracking URI", True),
        ("mysql+pymysqll://ada:geheim@db/x", "a library that MLflow needs", False),
        ("postgresql+psycopg2://ada:geheim@127.0.0.1:1/x", "connection refused", False),
    ],
)
def test_an_unreachable_address_is_named_without_its_password(
    uri: str, message: str, permanent: bool, delivering: Delivering
) -> None:
    delivering(4)
    with pytest.raises(MLflowFailure, match=message) as caught:
        register(uri)
    assert caught.value.permanent is permanent
    assert "geheim" not in str(caught.value)


def test_a_wrong_password_of_a_database_is_not_shown(
    postgres_uri: str, delivering: Delivering
) -> None:
    delivering(4)
    # Whether the server asks for a password depends on how it was set up; an unknown user it knows.
    uri = postgres_uri.replace("://postgres:@", "://nobody:geheim@")
    with pytest.raises(MLflowFailure) as caught:
        open_store(uri)
    assert "geheim" not in str(caught.value)


# Servers that are none -------------------------------------------------------------------------

EXPECTED_OF_SERVERS = {
    "refused": ("connection refused", "start MLflow", False),
    "unresolvable": ("cannot be found", "the network", False),
    "hanging connect": ("did not answer in time", "gitver sync", False),
    "hanging answer": ("did not answer in time", "gitver sync", False),
    "500": ("answers with an error", "server's log", False),
    "502": ("answers with an error", "server's log", False),
    "503": ("answers with an error", "server's log", False),
    "429": ("number of requests", "gitver sync", False),
    "413": ("of this size", "log less", True),
    "401": ("rejected the credentials", "MLFLOW_TRACKING_PASSWORD", False),
    "403": ("does not let this user", "EDIT", False),
    "404": ("is not an MLflow server", "tracking_uri", False),
    "redirects": ("redirects in a loop", "tracking_uri", False),
    "login page": ("does not answer like MLflow", "login", False),
    "empty json": ("not like MLflow", "tracking_uri", False),
    "broken body": ("broke", "gitver sync", False),
}


@pytest.mark.parametrize("fault", EXPECTED_OF_SERVERS)
@pytest.mark.parametrize("experiment", [Experiment("Default"), Experiment("", id="0")])
def test_a_server_other_than_mlflow_fails_soon_with_one_line(
    fault: str,
    experiment: Experiment,
    faulty: Callable[[str], str],
    delivering: Delivering,
    capfd: pytest.CaptureFixture[str],
) -> None:
    delivering(2)
    uri = faulty(fault).replace("://", "://ada:geheim@")
    started = time.monotonic()
    with pytest.raises(MLflowFailure) as caught:
        experiment_id(open_store(uri), experiment)
    assert time.monotonic() - started < SOON
    message, remedy, permanent = EXPECTED_OF_SERVERS[fault]
    assert message in caught.value.message
    assert remedy in caught.value.remedy
    assert caught.value.permanent is permanent
    assert "geheim" not in str(caught.value)
    assert "\n" not in str(caught.value)
    assert capfd.readouterr() == ("", "")


# Experiments -----------------------------------------------------------------------------------


def test_an_experiment_is_created_by_name_once(sqlite_store: Path, delivering: Delivering) -> None:
    delivering(20)
    client = open_store(f"sqlite:///{sqlite_store}")
    created = experiment_id(client, Experiment("agents/über 'quoted'"))
    assert experiment_id(client, Experiment("agents/über 'quoted'")) == created
    assert experiment_id(client, Experiment("", id=created)) == created


@pytest.mark.parametrize("by_id", [True, False])
def test_a_deleted_experiment_is_a_permanent_failure(
    by_id: bool, sqlite_store: Path, delivering: Delivering
) -> None:
    delivering(20)
    client = open_store(f"sqlite:///{sqlite_store}")
    created = experiment_id(client, Experiment("gone"))
    client.delete_experiment(created)
    experiment = Experiment("", id=created) if by_id else Experiment("gone")
    with pytest.raises(MLflowFailure, match=r"'gone' .* has been deleted") as caught:
        experiment_id(client, experiment)
    assert caught.value.permanent
    assert f"mlflow experiments restore -x {created}" in caught.value.remedy


def test_an_unknown_experiment_id_is_a_permanent_failure(
    sqlite_store: Path, delivering: Delivering
) -> None:
    delivering(20)
    client = open_store(f"sqlite:///{sqlite_store}")
    with pytest.raises(MLflowFailure, match="experiment") as caught:
        experiment_id(client, Experiment("", id="4711"))
    assert caught.value.permanent


# Rights ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("user", "password"), [("editor", "wrong-password"), ("nobody", "wrong-password")]
)
def test_wrong_credentials_get_one_line_and_keep_the_registration(
    user: str, password: str, guarded_server: GuardedServer, delivering: Delivering
) -> None:
    delivering(20)
    with pytest.raises(MLflowFailure, match="rejected the credentials") as caught:
        register(guarded_server.uri(user, password))
    assert not caught.value.permanent
    assert password not in str(caught.value)


def test_missing_credentials_get_one_line(
    guarded_server: GuardedServer, delivering: Delivering
) -> None:
    delivering(20)
    with pytest.raises(MLflowFailure, match="or received none"):
        register(guarded_server.address)
