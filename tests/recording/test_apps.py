"""Several apps in one repository: what hooks, the shim and the deliverer do with each of them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from support.git import Git
from support.stores import App, models, versions_of_traces

from gitver_hooks.gitfiles.location import find_location
from gitver_hooks.handover.current_state import current_state
from gitver_hooks.recording.register import register
from gitver_hooks.version.identify import identify


def make_apps(app: App) -> None:
    app.write("apps/chat/.gitver.yaml", 'paths: ["*", "/libs/common/"]\n')
    app.write("apps/search/.gitver.yaml", "app: finder\n")
    app.write("libs/common/llm.py", "1\n")
    for name in ("chat", "search"):
        app.write(f"apps/{name}/main.py", (app.path / "app.py").read_text())


def active(app: Git, folder: str) -> str | None:
    path = app.path / folder / ".mlflow-active-model"
    return path.read_text().strip() if path.exists() else None


def by_id(app: App) -> dict[str, str]:
    return {model.id: model.name for model in models(app.store)}


def test_two_apps_in_one_commit_are_two_models_and_the_root_is_none(app: App) -> None:
    make_apps(app)
    commit = app.commit("apps")
    names = by_id(app)
    assert names[active(app, "apps/chat") or ""] == f"chat-git-{commit[:8]}"
    assert names[active(app, "apps/search") or ""] == f"finder-git-{commit[:8]}"
    assert len(names) == 2 and active(app, ".") is None
    assert app("status", "--porcelain") == ""
    by_name = {model.name.partition("-git-")[0]: model for model in models(app.store)}
    assert by_name["chat"].version == identify(app.path / "apps/chat").id
    assert by_name["chat"].tags["gitver.app"] == "chat"


def test_a_commit_outside_of_an_app_leaves_its_model_and_a_commit_inside_does_not(app: App) -> None:
    make_apps(app)
    first = app.commit("apps")
    chat, search = active(app, "apps/chat"), active(app, "apps/search")
    app.commit("docs", **{"docs/a.md": "a"})
    assert (active(app, "apps/chat"), active(app, "apps/search")) == (chat, search)
    app.commit("library", **{"libs/common/llm.py": "2\n"})
    assert active(app, "apps/search") == search
    assert active(app, "apps/chat") not in (chat, None)
    app("revert", "--no-edit", "HEAD")
    assert active(app, "apps/chat") == chat
    assert by_id(app)[chat or ""] == f"chat-git-{first[:8]}"
    assert len(models(app.store)) == 3


def test_an_edit_outside_of_an_app_leaves_its_file_fresh(app: App) -> None:
    make_apps(app)
    app.commit("apps")
    location = find_location(str(app.path / "apps/chat"), os.environ)
    assert location is not None
    for name in ("docs/a.md", "apps/search/main.py", "libs/other.py", "new.txt"):
        app.write(name, "edited\n")
        app("add", "-A")
        assert current_state(location, os.environ) is not None, name
    app.write("libs/common/llm.py", "edited\n")
    assert current_state(location, os.environ) is None


def test_each_app_that_runs_is_traced_on_its_own_model(app: App) -> None:
    make_apps(app)
    app.commit("apps")
    for name in ("chat", "search"):
        subprocess.run(
            [sys.executable, str(app.path / f"apps/{name}/main.py")], cwd=app.path, check=True
        )
    assert sorted(map(str, versions_of_traces(app.store))) == sorted(
        identify(app.path / f"apps/{name}").id for name in ("chat", "search")
    )


def test_the_name_of_the_model_is_that_of_the_first_commit_in_another_clone_too(
    app: App, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_apps(app)
    app.commit("apps")
    app.commit("docs", **{"docs/a.md": "a"})
    app("clone", "-q", "--depth=1", f"file://{app.path}", str(tmp_path / "clone"))
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{app.store}")
    location = find_location(str(tmp_path / "clone/apps/chat"), os.environ)
    assert location is not None
    registered = register(location, os.environ)
    assert registered.model_id == active(app, "apps/chat")
    assert registered.recorded.model_name == by_id(app)[registered.model_id or ""]


def test_a_folder_that_is_no_app_any_more_loses_its_file(app: App) -> None:
    make_apps(app)
    app.commit("apps")
    app("rm", "-q", "--cached", "apps/chat/.gitver.yaml")
    (app.path / "apps/chat/.gitver.yaml").unlink()
    app.commit("no chat")
    assert active(app, "apps/chat") is None
    assert active(app, "apps/search") is not None


def test_a_wrong_setting_of_one_app_does_not_hold_up_the_others(app: App) -> None:
    make_apps(app)
    app.write("apps/chat/.gitver.yaml", "pahts: [a]\n")
    app("add", "-A")
    done = app.run("commit", "-q", "-m", "apps")
    assert "unknown key 'pahts'" in done.stderr
    assert active(app, "apps/search") is not None
    assert active(app, "apps/chat") is None


def test_an_app_that_is_not_tracked_yet_is_kept_up_to_date_once_it_has_run(app: App) -> None:
    app.commit("first")
    app.write("tools/.gitver.yaml", "")
    location = find_location(str(app.path / "tools"), os.environ)
    assert location is not None
    register(location, os.environ)
    state = Path(location.state_dir, "active")
    before = state.stat().st_mtime_ns
    app.commit("second", **{"other.py": "1\n"})
    assert state.stat().st_mtime_ns != before


def test_an_app_writes_nothing_into_the_state_of_another(app: App) -> None:
    make_apps(app)
    app.commit("apps")
    states = sorted(path.name for path in (app.path / ".git/gitver/apps").iterdir())
    assert states == ["apps%2Fchat", "apps%2Fsearch"]
    facts = json.loads(app.gitver("status", "--json", cwd=app.path / "apps/search").stdout)
    assert facts["app"] == "finder" and facts["active"] == "fresh"
