"""Credentials in messages: masked in every form, and nothing else is."""

from __future__ import annotations

import time

import pytest

from gitver_hooks.common.masking import mask

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
@pytest.mark.parametrize("secret", ["s3cret", "s3%2Fcret%40", "dGVzdDp0ZXN0Cg=="])
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
def test_text_without_credentials_is_unchanged(text: str) -> None:
    assert mask(text) == text


def test_the_passwords_in_the_environment_are_masked_wherever_they_occur() -> None:
    environment = {
        "MLFLOW_TRACKING_PASSWORD": SECRET,
        "MLFLOW_TRACKING_TOKEN": "tok-en",
        "MLFLOW_TRACKING_URI": "http://ada:p4ss@host",
    }
    text = f"the server says: no user with {SECRET}, p4ss or tok-en"
    assert mask(text, environment=environment) == "the server says: no user with ***, *** or ***"
    assert mask("tok-en") == "tok-en"


@pytest.mark.parametrize(
    ("uri", "secret"),
    [
        ("http://ada:p%40ss@mlflow.example", "p@ss"),
        ("http://ada:p%40ss@mlflow.example", "p%40ss"),
        ("https://dapi0123456789@mlflow.example", "dapi0123456789"),
        (f"postgresql://ada:{SECRET}@db/mlflow", SECRET),
    ],
)
def test_the_credentials_of_a_known_uri_are_masked_wherever_they_occur(
    uri: str, secret: str
) -> None:
    assert mask(f"bad password {secret}!", uri) == "bad password ***!"


@pytest.mark.parametrize("unit", ["://", "%3A", "%3A%2F%2F", "://a:", "authorization=", "://a@"])
def test_a_long_text_does_not_take_long(unit: str) -> None:
    started = time.process_time()
    mask(unit * 100_000)
    assert time.process_time() - started < 2


def test_the_password_of_a_uri_that_is_too_long_is_masked() -> None:
    masked = mask(f"no answer from http://ada:{'s3cret' * 200}@host/x, sorry")
    assert "s3cret" not in masked
    assert masked.startswith("no answer from ***")
    assert masked.endswith(" sorry")
