"""``gitver status``: what it shows to people, and what it tells programs and scripts."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from support.locations import location_of
from support.stores import App

from gitver_hooks.handover.store import Experiment, Store
from gitver_hooks.recording.outbox import Outbox
from gitver_hooks.registry.registration import Registration


def test_the_active_model_is_fresh_then_stale_then_absent(app: App) -> None:
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


def test_status_changes_nothing(app: App) -> None:
    app.commit("first")
    app.write("new.txt", "x")
    state = app.path / ".git" / "gitver"
    before = {path: path.read_bytes() for path in state.rglob("*") if path.is_file()}
    app.gitver("status")
    after = {path: path.read_bytes() for path in state.rglob("*") if path.is_file()}
    assert after == before


def test_an_active_model_file_that_somebody_else_wrote_is_stale(app: App) -> None:
    app.commit("first")
    app.active_model_file.write_text("m-other\n")
    assert "stale" in app.gitver("status").stdout


def test_a_model_in_another_store_is_not_fresh(
    app: App, monkeypatch: pytest.MonkeyPatch, sqlite_store: Path
) -> None:
    app.commit("first")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{sqlite_store}")
    result = app.gitver("status", "--check")
    assert result.returncode == 1
    assert "stale: the code or the store has changed" in result.stdout


def test_a_disabled_gitver_is_not_fresh(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    app.commit("first")
    monkeypatch.setenv("GITVER_DISABLE", "1")
    result = app.gitver("status", "--check")
    assert result.returncode == 1
    assert "off: GITVER_DISABLE is set" in result.stdout


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


def test_status_hides_credentials_and_lists_what_is_waiting(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://user:s3cret@127.0.0.1:9")
    commit = app.commit("first")
    shown = app.gitver("status").stdout
    assert "http://127.0.0.1:9 (from the environment)" in shown
    assert "s3cret" not in shown
    assert "outbox     1 waiting, 0 set aside" in shown
    assert f"waiting  app-git-{commit[:8]}: " in shown


def test_without_git_the_active_model_file_is_trusted(tmp_path: Path, app: App) -> None:
    (tmp_path / ".mlflow-active-model").write_text("m-1\n")
    result = app.gitver("status", "--check", cwd=tmp_path)
    assert result.returncode == 0
    assert "m-1" in result.stdout
    assert "trusted" in result.stdout


def test_status_shows_every_problem_and_everything_else(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = app.commit("first", **{".gitver.yaml": "params_files: [missing.yaml]\n"})
    monkeypatch.setenv("GITVER_EXPERIMNT", "x")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "htp://user:s3cret@example.com")
    result = app.gitver("status")
    assert (result.returncode, result.stderr) == (0, "")
    assert f"version    {commit} (clean, on main)" in result.stdout
    assert "hooks      post-commit" in result.stdout
    problems = [line for line in result.stdout.splitlines() if line.startswith("problem    ")]
    assert len(problems) == 3
    for part in ("missing.yaml", "GITVER_EXPERIMNT", "does not know the scheme htp"):
        assert part in result.stdout
    assert "s3cret" not in result.stdout
    assert app.gitver("status", "--check").returncode == 1


def test_status_shows_a_version_that_cannot_be_identified_as_a_problem(app: App) -> None:
    app.commit("first")
    commit = app("rev-parse", "HEAD")
    (app.path / ".git/objects" / commit[:2] / commit[2:]).unlink()
    result = app.gitver("status")
    assert result.returncode == 0
    assert "version    unknown" in result.stdout
    assert f"problem    the HEAD commit {commit} cannot be read" in result.stdout


def test_each_setting_is_shown_with_its_value_and_where_it_comes_from(app: App) -> None:
    app.write(".gitver.yaml", "app: shop\nexperiment: theirs\n")
    app.commit("first")
    app("config", "gitver.recheck", "20")
    result = app.gitver("status")
    assert result.returncode == 0
    lines = result.stdout.splitlines()
    assert f"setting    app: shop  (from {app.path}/.gitver.yaml)" in lines
    assert "setting    recheck: 20  (from git config gitver.recheck)" in lines
    assert "refused    experiment: theirs  (from .gitver.yaml; see `gitver allow`)" in lines
    facts = json.loads(app.gitver("status", "--json").stdout)
    assert facts["settings"]["recheck"] == {"value": "20", "source": "git config gitver.recheck"}
    assert facts["not_allowed"] == {"experiment": "theirs"}
    assert facts["experiment"] == "Default"


def test_status_lists_a_few_of_many_entries(app: App) -> None:
    app.commit("first")
    store = Store("http://127.0.0.1:9", Experiment())
    outbox = Outbox(location_of(app.path))
    for number in range(25):
        outbox.put(Registration(f"v{number}", f"app-{number}", store, "agent", {}, {}))
    facts = json.loads(app.gitver("status", "--json").stdout)
    assert (facts["waiting_count"], len(facts["waiting"])) == (25, 10)
    shown = app.gitver("status").stdout
    assert "outbox     25 waiting, 0 set aside" in shown
    assert "  waiting  and 15 more" in shown
