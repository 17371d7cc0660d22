from __future__ import annotations

import pytest

from gitver_hooks.history.read_failures import explain_read


@pytest.mark.parametrize(
    "error",
    [
        ConnectionRefusedError("connection refused"),
        TimeoutError("timed out"),
        ConnectionError("gone"),
        RuntimeError("something else"),
        RuntimeError("database is locked"),
        RuntimeError("API request failed with error code 403 != 200"),
    ],
)
def test_failures_of_reading_do_not_speak_of_registering(error: Exception) -> None:
    said = str(explain_read(error, "https://user:secret@mlflow.example.com"))
    for word in ("regist", "outbox", "sync", "secret"):
        assert word not in said
    assert "; " in said
