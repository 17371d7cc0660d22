"""``gitver uninstall --purge`` removes what gitver wrote, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.git import Git
from support.hooks import listing
from support.keeping import keep_version, kept_refs
from support.stores import App

USERS_RULES = [b"", b"*.tmp\n", b"*.tmp", b"*.tmp\r\n!mlflow.db\n\n"]


def test_purge_removes_kept_code(app: App) -> None:
    app.commit("first")
    app.write("app.py", "changed\n")
    keep_version(app)
    (ref,) = kept_refs(app)
    assert f"removed {ref}" in app.gitver("uninstall", "--purge").stdout
    assert kept_refs(app) == []


@pytest.mark.parametrize("rules", [None, *USERS_RULES])
def test_purge_leaves_the_git_dir_as_it_was(app: App, rules: bytes | None) -> None:
    app.gitver("uninstall", "--purge")
    exclude = app.path / ".git/info/exclude"
    exclude.unlink(missing_ok=True)
    if rules:
        exclude.write_bytes(rules)
    app("config", "gitver.app", "shop")
    before = listing(app.path / ".git")
    assert app.gitver("install").returncode == 0
    app("config", "gitver.allowed", "tracking_uri=x")
    assert b"# gitver" in exclude.read_bytes()
    assert app.gitver("uninstall", "--purge").returncode == 0
    assert listing(app.path / ".git") == before


def test_purge_removes_active_models_and_state_in_all_worktrees(app: App, tmp_path: Path) -> None:
    app.commit("first")
    app("worktree", "add", "-q", str(tmp_path / "linked"))
    linked = App(tmp_path / "linked")
    assert app.gitver("model").returncode == linked.gitver("model").returncode == 0
    assert app.active and linked.active
    result = linked.gitver("uninstall", "--purge")
    assert result.returncode == 0
    assert not app.active_model_file.exists() and not linked.active_model_file.exists()
    assert list(app.path.glob(".git/**/gitver")) == []
    assert f"removed {app.active_model_file}" in result.stdout
    assert app.store.exists()


@pytest.mark.parametrize("content", ["", "not a model id\n", None])
def test_purge_leaves_a_file_that_is_not_an_active_model(git: Git, content: str | None) -> None:
    path = git.path / ".mlflow-active-model"
    if content is None:
        path.mkdir()
    else:
        path.write_text(content)
    assert App(git.path).gitver("uninstall", "--purge").returncode == 0
    assert path.is_dir() if content is None else path.read_text() == content


def test_uninstall_without_purge_keeps_the_state(app: App) -> None:
    app.commit("first")
    app.gitver("model")
    result = app.gitver("uninstall")
    assert "  post-commit      removed\n" in result.stdout
    assert app.active
    assert (app.path / ".git/gitver").is_dir()
