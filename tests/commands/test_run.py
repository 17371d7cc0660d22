"""``gitver run``: any program, with the active model in its environment."""

from __future__ import annotations

import pytest
from support.stores import App


def test_the_program_sees_the_active_model_and_its_status_is_kept(app: App) -> None:
    app.commit("first")
    done = app.gitver("run", "--", "sh", "-c", "echo $MLFLOW_ACTIVE_MODEL_ID; exit 7")
    assert done.stdout == f"{app.active}\n"
    assert done.returncode == 7


def test_it_works_without_the_dashes_and_after_an_edit(app: App) -> None:
    app.commit("first")
    before = app.active
    app.write("new.txt", "x")
    done = app.gitver("run", "printenv", "MLFLOW_ACTIVE_MODEL_ID")
    assert done.stdout == f"{app.active}\n"
    assert app.active != before


def test_a_missing_program_gives_one_line(app: App) -> None:
    app.commit("first")
    done = app.gitver("run", "--", "no-such-program")
    assert done.returncode == 1
    assert done.stderr == (
        "gitver: no-such-program cannot be run: No such file or directory; check its name\n"
    )
    assert "no program was given" in app.gitver("run", "--").stderr


def test_with_require_a_program_without_an_active_model_is_not_started(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    app.commit("first")
    done = app.gitver("run", "--require", "--", "printenv", "MLFLOW_ACTIVE_MODEL_ID")
    assert (done.returncode, done.stdout) == (0, f"{app.active}\n")
    monkeypatch.setenv("GITVER_DISABLE", "1")
    assert app.gitver("run", "--", "echo", "ran").stdout == "ran\n"
    refused = app.gitver("run", "--require", "--", "echo", "ran")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "echo was not started, because this code has no active model" in refused.stderr
