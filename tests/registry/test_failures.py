"""What failures say: the right line, the right remedy, and never a password."""

from __future__ import annotations

import pytest

from gitver_hooks.registry.failures import MLflowFailure, explain, mask, strip_credentials

SECRET = "s3cr/et:w@rd"


@pytest.mark.parametrize(
    "text",
    [
        "failed: http://ada:{}@mlflow.example:5000/api",
        "HTTPConnectionPool(host='x'): url http://ada:{}@h, again https://{}@h/",
        "postgresql+psycopg2://ada:{}@db.example/mlflow?sslmode=require",
        "could not connect: postgresql://db.example/mlflow?user=ada&password={}&sslmode=require",
        "dsn: host=db user=ada password={} dbname=mlflow",
        "mysql://ada:{}@db and mssql+pyodbc://ada:{}@db/x",
        "redirected to https://login.example/?next=http%3A%2F%2Fada%3A{}%40mlflow.example%2F",
        "twice: http%253A%252F%252Fada%253A{}%2540mlflow.example",
        "Authorization: Bearer {}",
        "{{'Authorization': 'Basic {}'}}",
        "https://mlflow.example/?access_token={}&x=1",
        "api_key={}; MLFLOW_TRACKING_TOKEN={}",
    ],
)
@pytest.mark.parametrize("secret", ["geheim", "ge%2Fheim%40", "dGVzdDp0ZXN0Cg=="])
def test_a_credential_in_any_form_is_masked(text: str, secret: str) -> None:
    masked = mask(text.format(secret, secret))
    assert secret not in masked
    assert "***" in masked


def test_a_password_with_slashes_and_at_signs_is_masked_whole() -> None:
    masked = mask(f"cannot reach postgresql://ada:{SECRET}@db.example/mlflow")
    assert masked == "cannot reach postgresql://***@db.example/mlflow"


@pytest.mark.parametrize(
    "text",
    [
        "nothing answers at http://127.0.0.1:5000",
        "sqlite:////home/ada/my app/mlflow.db is locked",
        "the model app-git-0a1b2c3d is in https://mlflow.example/#/experiments/1",
        "git@github.com:ada/app.git",
        "mail ada@example.com",
    ],
)
def test_what_holds_no_credential_stays(text: str) -> None:
    assert mask(text) == text


def test_the_passwords_of_settings_are_masked_wherever_they_stand(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", SECRET)
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", "tok-en")
    assert mask(f"the server says: no user with {SECRET} or tok-en") == (
        "the server says: no user with *** or ***"
    )


def test_the_password_of_a_uri_is_masked_wherever_it_stands() -> None:
    uri = "http://ada:p%40ss@mlflow.example"
    assert mask("bad password p@ss (p%40ss)", uri) == "bad password *** (***)"


@pytest.mark.parametrize(
    ("uri", "stripped"),
    [
        ("https://ada:geheim@host:5000/x?a=1#f", "https://host:5000/x?a=1#f"),
        ("https://token@host/x", "https://host/x"),
        ("https://@host/x", "https://host/x"),
        (f"postgresql+psycopg2://ada:{SECRET}@db/mlflow", "postgresql+psycopg2://db/mlflow"),
        ("postgresql://db/x?user=ada&password=geheim", "postgresql://db/x?user=ada"),
        ("postgresql://db/x?password=geheim", "postgresql://db/x"),
        ("ssh://git@host/app.git", "ssh://git@host/app.git"),
        ("ssh://git:geheim@host/app.git", "ssh://git@host/app.git"),
        ("git@github.com:ada/app.git", "git@github.com:ada/app.git"),
        ("sqlite:////home/a@b/mlflow.db", "sqlite:////home/a@b/mlflow.db"),
        ("file:///home/ada/mlruns", "file:///home/ada/mlruns"),
        ("https://host/x@y", "https://host/x@y"),
        ("https://host:8443/~ada@work/app.git", "https://host:8443/~ada@work/app.git"),
        ("https://ada:ge/heim@host/app.git", "https://host/app.git"),
        ("postgresql://ada:1/2@db/mlflow", "postgresql://db/mlflow"),
        ("databricks", "databricks"),
        ("/home/ada/mlruns", "/home/ada/mlruns"),
    ],
)
def test_credentials_are_stripped_and_nothing_else(uri: str, stripped: str) -> None:
    assert strip_credentials(uri) == stripped
    assert strip_credentials(stripped) == stripped


def test_any_exception_becomes_one_bounded_line() -> None:
    error = RuntimeError("one\ntwo http://ada:geheim@host/ " + "long " * 1000)
    failure = explain(error, "http://ada:geheim@host")
    assert "\n" not in str(failure)
    assert len(str(failure)) < 500
    assert "geheim" not in str(failure)
    assert failure.message.startswith("MLflow at http://host failed: one two http://***@host/")
    assert not failure.permanent


def test_a_failure_that_is_explained_already_stays() -> None:
    failure = MLflowFailure("what", "remedy", permanent=True)
    assert explain(failure, "http://host") is failure
