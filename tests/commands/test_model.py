"""``gitver model``: the model id of the worktree as it is now."""

from __future__ import annotations

import pytest
from support.stores import App, models


def test_it_prints_the_model_and_registers_it_if_needed(app: App) -> None:
    app.commit("first")
    assert app.gitver("model").stdout == f"{app.active}\n"
    app.write("new.txt", "x")
    done = app.gitver("model")
    assert done.stdout == f"{app.active}\n"
    assert [model.id for model in models(app.store)][-1] == app.active


def test_no_register_registers_nothing(app: App) -> None:
    app.commit("first")
    assert app.gitver("model", "--no-register").stdout == f"{app.active}\n"
    app.write("new.txt", "x")
    done = app.gitver("model", "--no-register")
    assert done.returncode == 1
    assert "is not registered" in done.stderr
    assert len(models(app.store)) == 1


def test_a_server_that_is_down_is_one_line(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://user:s3cret@127.0.0.1:9")
    app.write("new.txt", "x")
    done = app.gitver("model")
    assert done.returncode == 1
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert "127.0.0.1:9" in line
    assert "s3cret" not in line
