"""``gitver install`` registers the version that it finds, and says when it creates the store."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.git import Git
from support.stores import App, is_version, ready_versions


def lines_of(app: App) -> list[str]:
    """What ``gitver install`` prints after the list of hooks."""
    result = app.gitver("install")
    assert (result.returncode, result.stderr) == (0, "")
    return [line for line in result.stdout.splitlines()[1:] if not line.startswith("  ")]


def test_install_creates_the_store_and_registers_the_current_version(
    git: Git, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITVER_WAIT", "120")
    app = App(git.path)
    creating, registered = lines_of(app)
    assert creating == f"creating MLflow's store {app.store}, which takes about two seconds"
    assert registered.startswith(f"registered app-git-{git('rev-parse', 'HEAD')[:8]} as m-")
    assert app.active == registered.split()[-1]
    assert is_version(ready_versions(app.path)[app.active], "HEAD", git)
    assert app.gitver("status", "--check").returncode == 0
    assert git("status", "--porcelain") == ""


def test_before_the_first_commit_install_only_creates_the_store(make_git: object) -> None:
    app = App(make_git().path)  # type: ignore[operator]
    creating, nothing = lines_of(app)
    assert creating.startswith("creating MLflow's store")
    assert nothing == "nothing is committed yet: the first commit will be registered in MLflow"
    assert app.store.exists()
    assert app.active is None
    assert ready_versions(app.path) == {}
    assert app("status", "--porcelain") == ""
    assert lines_of(app) == [nothing]


def test_install_with_a_server_that_is_down_installs_the_hooks_and_says_so(
    git: Git, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    result = App(git.path).gitver("install")
    assert result.returncode == 0
    assert len(result.stdout.splitlines()) == 6
    (line,) = result.stderr.splitlines()
    assert f"app-git-{git('rev-parse', 'HEAD')[:8]} is not in MLflow yet: " in line


def test_install_with_a_wrong_setting_installs_the_hooks_and_fails(git: Git) -> None:
    git.write(".gitver.yaml", "wiat: 3\n")
    result = App(git.path).gitver("install")
    assert result.returncode == 1
    assert len(result.stdout.splitlines()) == 6
    assert "wiat" in result.stderr
    assert Path(git.path, ".git/hooks/post-commit").exists()
