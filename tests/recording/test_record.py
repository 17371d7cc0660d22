"""Recording: from a change in the worktree to the model, the file and the state."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from support.git import Git
from support.locations import location_of
from support.stores import App, model_of, models

from gitver_hooks.common.errors import GitverError
from gitver_hooks.common.locks import FileLock
from gitver_hooks.recording.outbox import Outbox
from gitver_hooks.recording.record import record, record_if_known
from gitver_hooks.recording.register import Registered, register


def registered(git: Git) -> Registered:
    return register(location_of(git.path), os.environ)


def test_a_commit_becomes_a_model_and_the_file_names_it(app: App) -> None:
    commit = app.commit("first")
    model = model_of(app.store, commit)
    assert app.active == model.id
    assert app.active_model_file.read_text() == f"{model.id}\n"
    assert model.name == f"app-git-{commit[:8]}"
    assert model.ready


def test_the_tags_are_those_that_mlflow_searches_by(app: App) -> None:
    app("remote", "add", "origin", "https://user:s3cret@example.com/team/shop.git")
    commit = app.commit("first")
    tags = model_of(app.store, commit).tags
    assert tags["mlflow.source.git.commit"] == commit
    assert tags["mlflow.source.git.branch"] == "main"
    assert tags["mlflow.source.git.dirty"] == "false"
    assert tags["mlflow.source.git.repoURL"] == "https://example.com/team/shop.git"
    assert tags["gitver.version"] == commit
    assert tags["gitver.tree"] == app("rev-parse", "HEAD^{tree}")
    assert "gitver.diff" not in tags
    assert tags["mlflow.user"]
    assert tags["mlflow.source.name"].endswith(" first")


def test_git_status_stays_clean_in_the_main_and_in_a_linked_worktree(app: App) -> None:
    app.commit("first")
    app("worktree", "add", "-q", "../linked")
    assert app("status", "--porcelain") == ""
    linked = Git(app.path.parent / "linked")
    assert (linked.path / ".mlflow-active-model").exists()
    assert linked("status", "--porcelain") == ""


def test_the_same_version_in_two_worktrees_is_one_model(app: App) -> None:
    app.commit("first")
    app("worktree", "add", "-q", "../linked", "-b", "other")
    assert (app.path.parent / "linked" / ".mlflow-active-model").read_text().strip() == app.active
    assert len(models(app.store)) == 1


def test_a_dirty_version_is_a_model_of_its_own_with_its_diff(app: App) -> None:
    commit = app.commit("first")
    app.write("app.py", "changed\n")
    recorded = registered(app).recorded
    assert recorded.version.dirty
    assert recorded.version.id.startswith(f"{commit[:32]}-dirty-")
    model = model_of(app.store, recorded.version.id)
    digest = recorded.version.id.rpartition("-")[2]
    assert model.name == f"app-git-{commit[:8]}-dirty-{digest}"
    assert model.tags["mlflow.source.git.dirty"] == "true"
    assert "+changed" in model.tags["gitver.diff"]


def test_back_at_a_known_version_its_model_is_used_again(app: App) -> None:
    first = app.commit("first")
    second = app.commit("second", **{"app.py": "changed\n"})
    assert app.active == model_of(app.store, second).id
    app("checkout", "-q", first)
    assert app.active == model_of(app.store, first).id
    assert len(models(app.store)) == 2


def test_before_the_first_commit_the_version_is_unborn(app: App) -> None:
    recorded = registered(app).recorded
    assert recorded.version.commit is None
    assert recorded.version.id.startswith("unborn-dirty-")
    assert recorded.model_name.startswith("app-git-unborn-dirty-")
    assert app.active == recorded.model_id


def test_a_sha256_repository_is_recorded(
    make_git: Callable[..., Git],
    pristine_store: Callable[..., object],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("GITVER_WAIT", "120")
    git = make_git("modern", "--object-format=sha256")
    commit = git.commit("first", **{"a.txt": "a"})
    shutil.copy(str(pristine_store), git.path / "mlflow.db")
    recorded = registered(git).recorded
    assert (len(commit), recorded.version.id) == (64, commit)
    assert model_of(git.path / "mlflow.db", commit).id == recorded.model_id


def test_settings_determine_the_name_and_the_params_of_the_model(app: App) -> None:
    app.write("llm.yaml", "model: small\nlimits: {tokens: 10}\n")
    app.write(
        ".gitver.yaml",
        "app: 'team/shop 2.0'\nmodel_type: rag\n"
        "params_files: [llm.yaml]\nparams: {limits: {tokens: 20}}\n",
    )
    commit = app.commit("first")
    model = model_of(app.store, commit)
    assert model.name == f"team-shop-2-0-git-{commit[:8]}"
    assert model.params["gitver.params.model"] == "small"
    assert model.params["gitver.params.limits.tokens"] == "20"


def test_per_branch_separates_the_branches(app: App) -> None:
    app.write(".gitver.yaml", "per_branch: true\n")
    commit = app.commit("first")
    app("checkout", "-q", "-b", "feature/x")
    versions = [model.version for model in models(app.store)]
    assert versions == [f"{commit}@main", f"{commit}@feature/x"]
    assert app.active == model_of(app.store, f"{commit}@feature/x").id


def test_untracked_files_count_unless_the_setting_says_not(app: App) -> None:
    commit = app.commit("first")
    app.write("new.py", "x\n")
    assert record(location_of(app.path), os.environ).version.dirty
    app.write(".gitver.yaml", "untracked: ignore\n")
    assert record(location_of(app.path), os.environ).version.id == commit


def test_the_diff_can_be_left_out(app: App) -> None:
    app.write(".gitver.yaml", "diff: off\n")
    app.commit("first")
    app.write("app.py", "changed\n")
    recorded = registered(app).recorded
    assert "gitver.diff" not in model_of(app.store, recorded.version.id).tags


def test_there_is_no_file_while_the_current_version_is_unknown(app: App) -> None:
    app.commit("first")
    app.write("app.py", "changed\n")
    recorded = record_if_known(location_of(app.path), os.environ)
    assert recorded.model_id is None
    assert app.active is None
    assert Outbox(location_of(app.path)).waiting() == []


def test_a_wrong_setting_is_reported_and_the_file_removed(app: App) -> None:
    app.commit("first")
    app.write(".gitver.yaml", "wiat: 3\n")
    with pytest.raises(GitverError, match="unknown key 'wiat'"):
        record(location_of(app.path), os.environ)
    assert app.active is None


def test_an_entry_describes_the_version_as_of_its_writing(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://user:s3cret@127.0.0.1:9/")
    app.write("llm.yaml", "model: one\n")
    app.write(".gitver.yaml", "params_files: [llm.yaml]\n")
    monkeypatch.setenv("GITVER_WAIT", "0")
    app.commit("first")
    app.write("llm.yaml", "model: two\n")
    (entry,) = Outbox(location_of(app.path)).waiting()
    assert entry.registration.params == {"gitver.params.model": "one"}
    assert entry.registration.store.tracking_uri == "http://127.0.0.1:9/"
    assert "s3cret" not in json.dumps(Path(entry.path).read_text())


def test_waiting_for_another_gitver_is_bounded(app: App) -> None:
    app.commit("first")
    location = location_of(app.path)
    with (
        FileLock(f"{location.state_dir}/lock") as lock,
        pytest.raises(GitverError, match=r"another gitver process has been busy in .* for 1 s"),
    ):
        assert lock.held
        record(location, os.environ, 1.0)
    assert app.active is None


def test_an_app_of_which_no_file_counts_has_no_version(app: App) -> None:
    app.write("src/app.py", "1\n")
    app.write(".gitver.yaml", "paths: [/src/]\n")
    app.commit("first")
    assert app.active is not None
    app.write(".gitver.yaml", "paths: [/scr/]\n")
    with pytest.raises(GitverError, match="no file counts for this app; correct `paths`"):
        registered(app)
    assert app.active is None
    # That its code was removed is a change like any other.
    app.write(".gitver.yaml", "paths: [/src/]\n")
    shutil.rmtree(app.path / "src")
    assert registered(app).recorded.version.dirty
