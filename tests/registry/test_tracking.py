"""Which MLflow a worktree uses: who chooses it, and what a path leads to."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from gitver_hooks.common.errors import GitverError
from gitver_hooks.handover.store import Experiment
from gitver_hooks.registry.tracking import (
    default_tracking_uri,
    resolve_tracking,
    sqlite_file,
    sqlite_inode,
    sqlite_uri,
)
from gitver_hooks.settings import Settings
from gitver_hooks.settings.keys import GIT_CONFIG, MLFLOW_VARIABLE, TREE, Source


def chosen(uri: str, kind: str = TREE) -> Settings:
    return Settings(tracking_uri=uri, sources={"tracking_uri": Source(kind)})


def test_the_default_is_the_embedded_store_of_the_main_worktree(tmp_path: Path) -> None:
    tracking = resolve_tracking(Settings(), str(tmp_path))
    assert tracking.uri == f"sqlite:///{tmp_path}/mlflow.db"
    assert (tracking.uri_source, tracking.experiment) == ("default", Experiment("Default"))


def test_the_default_is_what_mlflow_itself_would_pick(tmp_path: Path) -> None:
    code = "import mlflow; print(mlflow.get_tracking_uri())"
    for folder in ("", "mlruns/0"):
        (tmp_path / folder).mkdir(parents=True, exist_ok=True)
        if folder:
            (tmp_path / folder / "meta.yaml").write_text("")
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
        )
        assert default_tracking_uri(str(tmp_path)) == done.stdout.strip()


@pytest.mark.parametrize(
    ("kind", "source"),
    [(MLFLOW_VARIABLE, "environment"), (GIT_CONFIG, "settings"), (TREE, "settings")],
)
def test_the_state_distinguishes_mlflows_variables_from_the_settings(
    tmp_path: Path, kind: str, source: str
) -> None:
    settings = Settings(
        tracking_uri="http://example.com",
        experiment=Experiment("shop"),
        sources={"tracking_uri": Source(kind), "experiment": Source(kind)},
    )
    tracking = resolve_tracking(settings, str(tmp_path))
    assert (tracking.uri, tracking.uri_source) == ("http://example.com", source)
    assert (tracking.experiment, tracking.experiment_source) == (Experiment("shop"), source)


def test_relative_paths_are_relative_to_the_main_worktree(tmp_path: Path) -> None:
    for uri, resolved in [
        ("sqlite:///store/mlflow.db", f"sqlite:///{tmp_path}/store/mlflow.db"),
        ("sqlite:///store.db?timeout=5", f"sqlite:///{tmp_path}/store.db?timeout=5"),
        ("sqlite:////abs/mlflow.db", "sqlite:////abs/mlflow.db"),
        ("sqlite:///:memory:", "sqlite:///:memory:"),
        ("mlruns", f"file://{tmp_path}/mlruns"),
        ("databricks", "databricks"),
        ("http://localhost:5000", "http://localhost:5000"),
    ]:
        assert resolve_tracking(chosen(uri), str(tmp_path)).uri == resolved


def test_a_path_in_mlflows_own_variable_is_left_to_mlflow(tmp_path: Path) -> None:
    settings = chosen("sqlite:///mlflow.db", MLFLOW_VARIABLE)
    assert resolve_tracking(settings, str(tmp_path)).uri == "sqlite:///mlflow.db"


@pytest.mark.parametrize("uri", ["sqlite:///data/mlflow.db", "sqlite:///../mlflow.db", "data"])
def test_a_relative_store_does_not_leave_the_main_worktree(tmp_path: Path, uri: str) -> None:
    main = tmp_path / "main"
    main.mkdir()
    (main / "data").symlink_to("..")
    with pytest.raises(GitverError, match="is outside of"):
        resolve_tracking(chosen(uri), str(main))


@pytest.mark.parametrize("name", ["mlflow.db", "mlruns"])
def test_the_default_store_does_not_leave_the_main_worktree(tmp_path: Path, name: str) -> None:
    main = tmp_path / "main"
    main.mkdir()
    (tmp_path / "0").mkdir()
    (tmp_path / "0" / "meta.yaml").touch()
    (main / name).symlink_to("..")
    with pytest.raises(GitverError, match="is outside of") as caught:
        resolve_tracking(Settings(), str(main))
    assert "git config gitver.trackingUri" in caught.value.remedy


def test_a_relative_store_is_not_one_of_gits_files(tmp_path: Path) -> None:
    with pytest.raises(GitverError, match="git's own files"):
        resolve_tracking(chosen("sqlite:///.git/index"), str(tmp_path))


def test_a_fifo_is_not_a_store(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "mlflow.db")
    for settings in (Settings(), chosen("sqlite:///mlflow.db")):
        with pytest.raises(GitverError, match="neither a file nor a folder"):
            resolve_tracking(settings, str(tmp_path))


def test_the_store_of_an_outbox_entry_has_no_credentials(tmp_path: Path) -> None:
    tracking = resolve_tracking(chosen("https://user:s3cret@example.com/mlflow"), str(tmp_path))
    assert tracking.store.tracking_uri == "https://example.com/mlflow"


@pytest.mark.parametrize("name", ["plain", "with space", "100%", "ünï"])
def test_a_sqlite_uri_leads_back_to_its_file(tmp_path: Path, name: str) -> None:
    path = tmp_path / name / "mlflow.db"
    uri = sqlite_uri(str(path))
    assert sqlite_file(uri) == str(path)
    assert sqlite_inode(uri) == ""
    path.parent.mkdir()
    path.touch()
    assert sqlite_inode(uri) == str(path.stat().st_ino)


def test_other_stores_have_no_file() -> None:
    for uri in ("http://localhost", "postgresql://localhost/x", "sqlite:///:memory:"):
        assert sqlite_file(uri) is None
        assert sqlite_inode(uri) == "-"
