"""Where MLflow is: who says so, in which order, and what a path means."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from gitver_hooks.handover.store import Experiment
from gitver_hooks.registry.tracking import (
    default_tracking_uri,
    resolve_tracking,
    sqlite_file,
    sqlite_inode,
    sqlite_uri,
)
from gitver_hooks.settings import Settings


def test_without_a_word_it_is_the_embedded_store_of_the_main_worktree(tmp_path: Path) -> None:
    tracking = resolve_tracking(Settings(), str(tmp_path), {})
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
    ("for_app", "uri", "source"),
    [(False, "http://settings", "settings"), (True, "http://variable", "environment")],
)
def test_settings_come_first_but_for_an_app_which_obeys_the_variable(
    tmp_path: Path, for_app: bool, uri: str, source: str
) -> None:
    settings = Settings(tracking_uri="http://settings", experiment="one")
    environment = {"MLFLOW_TRACKING_URI": "http://variable", "MLFLOW_EXPERIMENT_NAME": "two"}
    tracking = resolve_tracking(settings, str(tmp_path), environment, for_app=for_app)
    assert (tracking.uri, tracking.uri_source) == (uri, source)
    assert tracking.experiment == Experiment("two" if for_app else "one")


def test_an_experiment_can_be_named_by_its_id(tmp_path: Path) -> None:
    tracking = resolve_tracking(Settings(), str(tmp_path), {"MLFLOW_EXPERIMENT_ID": "7"})
    assert tracking.experiment == Experiment(id="7")


def test_paths_in_the_settings_are_relative_to_the_main_worktree(tmp_path: Path) -> None:
    for given, meant in [
        ("sqlite:///store/mlflow.db", f"sqlite:///{tmp_path}/store/mlflow.db"),
        ("sqlite:////abs/mlflow.db", "sqlite:////abs/mlflow.db"),
        ("mlruns", f"file://{tmp_path}/mlruns"),
        ("databricks", "databricks"),
        ("http://localhost:5000", "http://localhost:5000"),
    ]:
        settings = Settings(tracking_uri=given)
        assert resolve_tracking(settings, str(tmp_path), {}).uri == meant


def test_the_store_of_an_outbox_entry_has_no_credentials(tmp_path: Path) -> None:
    environment = {"MLFLOW_TRACKING_URI": "https://user:s3cret@example.com/mlflow"}
    tracking = resolve_tracking(Settings(), str(tmp_path), environment)
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
