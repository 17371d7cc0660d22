"""From a recording to a kept version, with the processes that do it for users."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from support.background import wait_until
from support.git import Git
from support.keeping import assert_sound, kept, kept_refs, location_of, logged, ref_of
from support.stores import App

from gitver_hooks.keeping.captured import captured_paths
from gitver_hooks.keeping.kept_refs import all_kept, delete_kept
from gitver_hooks.recording.register import register
from gitver_hooks.repository.repository import open_repository


def test_a_recorded_version_is_kept_and_pushed_in_the_background(app: App, tmp_path: Path) -> None:
    app.commit("first")
    remote = Git(tmp_path / "remote.git")
    app("clone", "-q", "--bare", str(app.path), str(remote.path))
    app("remote", "add", "origin", str(remote.path))
    app("config", "gitver.keep", "push")
    app.write("app.py", "changed\n")
    version = register(location_of(app), os.environ).recorded.version
    wait_until(lambda: kept_refs(remote) == [ref_of(version)])
    assert kept(app, version).tree == version.tree
    assert remote("rev-parse", f"{ref_of(version)}^{{tree}}") == version.tree
    assert captured_paths(location_of(app)) == []
    assert_sound(app)


def test_a_known_version_is_kept_again_after_it_was_pruned(app: App) -> None:
    app.commit("first")
    app.write("app.py", "changed\n")
    first = register(location_of(app), os.environ)
    wait_until(lambda: len(kept_refs(app)) == 1 and not captured_paths(location_of(app)))
    with open_repository(app.path, os.environ) as repository:
        (ref,) = all_kept(repository)
        assert delete_kept(repository, ref)
    again = register(location_of(app), os.environ)
    assert again.recorded.registration is None
    assert again.model_id == first.model_id
    wait_until(lambda: kept_refs(app) == [ref.name] and not captured_paths(location_of(app)))
    stamp = Path(location_of(app).shared_state_dir, "kept", ref.kept.version)
    os.utime(stamp, (1, 1))
    register(location_of(app), os.environ)
    assert captured_paths(location_of(app)) == []
    assert stamp.stat().st_mtime > 1, "it counts as recorded just now"


def test_a_store_that_is_down_does_not_keep_code_from_being_kept(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    app.commit("first")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    app.write("app.py", "changed\n")
    registered = register(location_of(app), os.environ)
    assert registered.model_id is None
    wait_until(lambda: kept_refs(app) == [ref_of(registered.recorded.version)])


def test_a_commit_that_leaves_edits_behind_keeps_them(app: App) -> None:
    app.commit("first")
    app.write("other.py", "left behind\n")
    app.write("app.py", "committed\n")
    app("commit", "-q", "-m", "second", "app.py")
    wait_until(lambda: len(kept_refs(app)) == 1)
    assert app("show", f"{kept_refs(app)[0]}:other.py") == "left behind"


def test_a_failure_to_set_code_aside_does_not_stop_the_recording(app: App) -> None:
    app.commit("first")
    folder = Path(location_of(app).shared_state_dir, "captured")
    folder.parent.mkdir(exist_ok=True)
    folder.write_text("in the way")
    app.write("app.py", "changed\n")
    registered = register(location_of(app), os.environ)
    assert registered.model_id is not None, registered.problem
    assert "is not kept" in logged(app)
