"""``gitver status``: what is true now, for people, for programs and for scripts."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from support.stores import App


def test_fresh_then_stale_then_absent(app: App) -> None:
    commit = app.commit("first")
    fresh = json.loads(app.gitver("status", "--json").stdout)
    assert fresh["active"] == "fresh"
    assert fresh["version"]["id"] == commit
    assert fresh["model_id"] == app.active
    assert fresh["hooks"]["post-commit"] == "native"
    assert app.gitver("status", "--check").returncode == 0

    app.write("new.txt", "x")
    stale = json.loads(app.gitver("status", "--json").stdout)
    assert (stale["active"], stale["model_id"]) == ("stale", None)
    assert stale["version"]["dirty"] is True
    assert app.gitver("status", "--check").returncode == 1

    app.active_model_file.unlink()
    assert json.loads(app.gitver("status", "--json").stdout)["active"] == "absent"
    assert app.gitver("status", "--check").returncode == 1


def test_it_changes_nothing(app: App) -> None:
    app.commit("first")
    app.write("new.txt", "x")
    state = app.path / ".git" / "gitver"
    before = {path: path.read_bytes() for path in state.rglob("*") if path.is_file()}
    app.gitver("status")
    after = {path: path.read_bytes() for path in state.rglob("*") if path.is_file()}
    assert after == before


def test_a_file_of_somebody_else_s_making_is_stale(app: App) -> None:
    app.commit("first")
    app.active_model_file.write_text("m-other\n")
    assert "stale" in app.gitver("status").stdout


def test_a_model_that_is_elsewhere_is_not_fresh_here(
    app: App, monkeypatch: pytest.MonkeyPatch, sqlite_store: Path
) -> None:
    app.commit("first")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{sqlite_store}")
    done = app.gitver("status", "--check")
    assert done.returncode == 1
    assert "stale: the code or the store has changed" in done.stdout


def test_switched_off_is_not_fresh(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    app.commit("first")
    monkeypatch.setenv("GITVER_DISABLE", "1")
    done = app.gitver("status", "--check")
    assert done.returncode == 1
    assert "off: GITVER_DISABLE is set" in done.stdout


def test_hooks_that_pre_commit_would_run_count_only_once_installed(app: App) -> None:
    app.gitver("uninstall")
    app.write(
        ".pre-commit-config.yaml",
        "repos:\n- repo: local\n  hooks:\n  - id: gitver-system\n    name: gitver\n"
        "    entry: gitver hook pre-commit\n    language: system\n    stages: [post-commit]\n",
    )
    assert "hooks      none" in app.gitver("status").stdout
    for stage in ("post-commit", "post-merge"):
        subprocess.run(
            [sys.executable, "-m", "pre_commit", "install", "-t", stage], cwd=app.path, check=True
        )
    assert "hooks      post-commit (pre-commit)\n" in app.gitver("status").stdout


def test_a_hook_of_another_manager_that_calls_gitver_counts(app: App) -> None:
    app.gitver("uninstall")
    hook = app.write(".git/hooks/post-merge", "#!/bin/sh\ngitver hook post-merge\n")
    assert "hooks      none" in app.gitver("status").stdout
    hook.chmod(0o755)
    assert "hooks      post-merge (other)\n" in app.gitver("status").stdout


def test_credentials_are_not_shown_and_what_waits_is(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://user:s3cret@127.0.0.1:9")
    commit = app.commit("first")
    shown = app.gitver("status").stdout
    assert "http://127.0.0.1:9 (from the environment)" in shown
    assert "s3cret" not in shown
    assert "outbox     1 waiting, 0 set aside" in shown
    assert f"waiting  app-git-{commit[:8]}: " in shown


def test_in_a_container_the_file_is_trusted(tmp_path: Path, app: App) -> None:
    (tmp_path / ".mlflow-active-model").write_text("m-1\n")
    done = app.gitver("status", "--check", cwd=tmp_path)
    assert done.returncode == 0
    assert "m-1" in done.stdout
    assert "trusted" in done.stdout


def test_each_setting_is_shown_with_its_value_and_where_it_comes_from(app: App) -> None:
    app.write(".gitver.yaml", "app: shop\nexperiment: theirs\n")
    app.commit("first")
    app("config", "gitver.recheck", "20")
    done = app.gitver("status")
    assert done.returncode == 0
    lines = done.stdout.splitlines()
    assert f"setting    app: shop  (from {app.path}/.gitver.yaml)" in lines
    assert "setting    recheck: 20  (from git config gitver.recheck)" in lines
    assert "refused    experiment: theirs  (from .gitver.yaml; see `gitver allow`)" in lines
    facts = json.loads(app.gitver("status", "--json").stdout)
    assert facts["settings"]["recheck"] == {"value": "20", "source": "git config gitver.recheck"}
    assert facts["not_allowed"] == {"experiment": "theirs"}
    assert facts["experiment"] == "Default"
