"""What failures say: the right line, the right remedy, and never a password."""

from __future__ import annotations

import pytest

from gitver_hooks.registry.failures import READING, MLflowFailure, explain


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


@pytest.mark.parametrize(
    "error",
    [
        ConnectionRefusedError("connection refused"),
        TimeoutError("timed out"),
        ConnectionError("gone"),
        RuntimeError("something else"),
        RuntimeError("database is locked"),
        RuntimeError("disk I/O error"),
        RuntimeError("API request failed with error code 403 != 200"),
        RuntimeError("API request failed with error code 413 != 200"),
    ],
)
def test_failures_of_reading_do_not_speak_of_registering(error: Exception) -> None:
    message = str(explain(error, "https://user:secret@mlflow.example.com", READING))
    for word in ("regist", "outbox", "sync", "secret", "EDIT", "{"):
        assert word not in message
    assert "; " in message
