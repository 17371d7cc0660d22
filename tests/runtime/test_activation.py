"""Activation: which model is active in a process, and that it is never the wrong one."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Callable
from pathlib import Path

import pytest
from support.git import Git
from support.stores import App, model_of, models, versions_of_traces

import gitver_hooks

SAY = """
import json, os
print(json.dumps({n: os.environ.get(n) for n in (
    "MLFLOW_ACTIVE_MODEL_ID", "MLFLOW_TRACKING_URI", "MLFLOW_EXPERIMENT_NAME")}))
"""
SHIM = "import gitver_hooks.shim\n" + SAY
CONTEXT = "\nimport mlflow; print(mlflow.get_active_model_id())\n"


def active_in(done: subprocess.CompletedProcess[str]) -> str | None:
    assert done.returncode == 0, done.stderr
    found: str | None = json.loads(done.stdout.splitlines()[0])["MLFLOW_ACTIVE_MODEL_ID"]
    return found


def test_a_fresh_file_is_activated_without_contacting_mlflow(app: App) -> None:
    app.commit("first")
    app.store.rename(app.path / "moved.db")
    os.link(app.path / "moved.db", app.store)
    (app.path / "moved.db").unlink()
    done = app.python(
        "import gitver_hooks.shim, sys\nassert 'dulwich' not in sys.modules, sys.modules\n" + SAY
    )
    assert active_in(done) == app.active
    assert done.stderr == ""


def test_traces_are_linked_to_the_commit_then_to_the_edit_then_to_the_next_commit(
    app: App,
) -> None:
    first = app.commit("first")
    app.run_app()
    app.write("app.py", (app.path / "app.py").read_text().replace("one", "two"))
    app.run_app()
    second = app.commit("second")
    app.run_app()
    linked = versions_of_traces(app.store)
    assert linked[0] == first
    assert str(linked[1]).startswith(f"{first[:32]}-dirty-")
    assert linked[2] == second


def test_an_app_started_elsewhere_uses_the_worktree_and_the_store_of_its_script(
    app: App, tmp_path: Path
) -> None:
    commit = app.commit("first")
    done = subprocess.run(
        [sys.executable, str(app.path / "app.py")], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert versions_of_traces(app.store) == [commit]
    assert not (tmp_path / "mlflow.db").exists()


def test_the_scripts_worktree_wins_over_that_of_the_current_folder(
    make_app: Callable[..., App],
) -> None:
    first, second = make_app("one"), make_app("two")
    first.commit("first")
    second.commit("first")
    second.write("say.py", SHIM)
    second.commit("say")
    done = subprocess.run(
        [sys.executable, str(second.path / "say.py")],
        cwd=first.path,
        capture_output=True,
        text=True,
    )
    assert active_in(done) == second.active != first.active


def test_a_script_below_the_root_finds_the_worktree(app: App) -> None:
    (app.path / "deep" / "er").mkdir(parents=True)
    app.commit("first")
    assert active_in(app.python(SHIM, cwd=app.path / "deep" / "er")) == app.active


def test_without_git_the_file_is_trusted(app: App, tmp_path: Path) -> None:
    app.commit("first")
    image = tmp_path / "image"
    (image / "src").mkdir(parents=True)
    (image / ".mlflow-active-model").write_text(f"{app.active}\n")
    done = subprocess.run(
        [sys.executable, "-c", SHIM], cwd=image / "src", capture_output=True, text=True
    )
    assert active_in(done) == app.active
    assert done.stderr == ""


def test_a_damaged_file_without_git_gives_one_line_and_no_model(tmp_path: Path) -> None:
    (tmp_path / ".mlflow-active-model").write_text("<html>\n")
    done = subprocess.run(
        [sys.executable, "-c", SHIM], cwd=tmp_path, capture_output=True, text=True
    )
    assert active_in(done) is None
    assert len(done.stderr.splitlines()) == 1
    assert "does not contain a model id" in done.stderr


def test_without_a_worktree_the_app_runs_with_a_warning(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SHIM], cwd=tmp_path, capture_output=True, text=True
    )
    assert active_in(done) is None
    assert "not versioned" in done.stderr


def test_a_disabled_shim_does_nothing(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    app.commit("first")
    monkeypatch.setenv("GITVER_DISABLE", "1")
    done = app.python(SHIM)
    assert active_in(done) is None
    assert done.stderr == ""


def test_variables_set_by_the_user_take_precedence(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    app.commit("first")
    monkeypatch.setenv("MLFLOW_ACTIVE_MODEL_ID", "m-mine")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "sqlite:////elsewhere.db")
    done = app.python(SHIM)
    assert active_in(done) == "m-mine"
    assert json.loads(done.stdout)["MLFLOW_TRACKING_URI"] == "sqlite:////elsewhere.db"


def test_an_edit_is_detected_and_registered(app: App) -> None:
    commit = app.commit("first")
    app.write("prompt.txt", "changed\n")
    active = active_in(app.python(SHIM))
    (dirty,) = [model for model in models(app.store) if model.version != commit]
    assert active == app.active == dirty.id


def test_a_settings_file_that_git_ignores_is_watched_too(app: App) -> None:
    app.write(".gitignore", "__pycache__/\n.gitver.yaml\n")
    app.commit("first")
    app("config", "gitver.allowed", "experiment=shop")
    app.write(".gitver.yaml", "experiment: shop\n")
    done = app.python(SHIM)
    assert active_in(done) == app.active
    assert json.loads(done.stdout)["MLFLOW_EXPERIMENT_NAME"] == "shop"
    assert len(models(app.store)) == 2


def test_a_store_that_was_committed_by_mistake_does_not_make_a_version_of_each_trace(
    app: App,
) -> None:
    app("add", "-f", "mlflow.db")
    app("config", "gitver.trackingUri", "sqlite:///mlflow.db")
    commit = app.commit("first")
    app.run_app()
    app.run_app()
    assert versions_of_traces(app.store) == [commit, commit]
    assert len(models(app.store)) == 1


def test_stash_and_reset_are_detected(app: App) -> None:
    first = app.commit("first")
    app.commit("second", **{"prompt.txt": "two\n"})
    app("reset", "-q", "--hard", first)
    assert active_in(app.python(SHIM)) == model_of(app.store, first).id


@pytest.mark.parametrize("source", ["setting", "environment", "argument"])
@pytest.mark.parametrize("rule", ["unset", "trust", "error"])
def test_each_rule_of_on_stale_applies_from_each_source(
    app: App, monkeypatch: pytest.MonkeyPatch, source: str, rule: str
) -> None:
    if source == "setting":
        app("config", "gitver.onStale", rule)
    app.commit("first")
    before, number = app.active, len(models(app.store))
    app.write("prompt.txt", "changed\n")
    if source == "environment":
        monkeypatch.setenv("GITVER_ON_STALE", rule)
    code = SHIM
    if source == "argument":
        code = f"import gitver_hooks\ngitver_hooks.activate(on_stale={rule!r})\n{SAY}"
    done = app.python(code)
    assert len(models(app.store)) == number
    if rule == "trust":
        assert active_in(done) == before
        assert done.stderr == ""
    elif rule == "unset" or code == SHIM:
        assert active_in(done) is None
        assert "not registered" in done.stderr
        assert len(done.stderr.splitlines()) == 1
    else:
        assert done.returncode == 1
        assert "StaleCode" in done.stderr


def test_an_unknown_rule_is_refused(app: App) -> None:
    done = app.python("import gitver_hooks\ngitver_hooks.activate(on_stale='maybe')")
    assert "must be one of register, unset, trust, error" in done.stderr


def test_a_known_version_is_activated_even_under_the_rule_unset(app: App) -> None:
    first = app.commit("first")
    app.commit("second", **{"prompt.txt": "two\n"})
    app("reset", "-q", "--hard", first)
    done = app.python(f"import gitver_hooks\ngitver_hooks.activate(on_stale='unset')\n{SAY}")
    assert active_in(done) == model_of(app.store, first).id


def test_a_child_in_another_repository_does_not_inherit_the_model(
    make_app: Callable[..., App],
) -> None:
    first, second = make_app("one"), make_app("two")
    first.commit("first")
    second.commit("first")
    child = (
        f"subprocess.run([sys.executable, '-c', {SHIM!r}], cwd={str(second.path)!r}, check=True)"
    )
    done = first.python(f"import gitver_hooks.shim, subprocess, sys\n{child}")
    assert active_in(done) == second.active != first.active
    assert json.loads(done.stdout)["MLFLOW_TRACKING_URI"] == f"sqlite:///{second.store}"


def test_a_child_outside_of_any_repository_keeps_its_parents_model(
    app: App, tmp_path: Path
) -> None:
    app.commit("first")
    child = f"subprocess.run([sys.executable, '-c', {SHIM!r}], cwd={str(tmp_path)!r}, check=True)"
    done = app.python(f"import gitver_hooks.shim, subprocess, sys\n{child}")
    assert active_in(done) == app.active


def test_a_child_of_a_reloading_server_finds_its_own_version(app: App) -> None:
    app.commit("first")
    child = f"subprocess.run([sys.executable, '-c', {SHIM!r}], check=True)"
    edit = "open('prompt.txt', 'w').write('changed')"
    before = app.active
    done = app.python(f"import gitver_hooks.shim, subprocess, sys\n{edit}\n{child}")
    assert active_in(done) == app.active != before


def test_a_forked_worker_keeps_the_active_model(app: App) -> None:
    app.commit("first")
    code = "import gitver_hooks.shim, mlflow, os, sys\nmlflow.get_active_model_id()\n"
    code += "if os.fork(): os.wait(); sys.exit()\nprint(mlflow.get_active_model_id())"
    assert app.python(code).stdout.strip() == app.active


def test_activating_again_detects_changes(app: App) -> None:
    app.commit("first")
    code = f"""
import gitver_hooks
first = gitver_hooks.activate()
open('prompt.txt', 'w').write('changed')
second = gitver_hooks.activate()
print(first.model_id != second.model_id, first.dirty, second.dirty, second.version)
{CONTEXT}
"""
    done = app.python(code)
    printed, context = done.stdout.splitlines()
    assert printed.startswith("True False True ")
    assert context == app.active


def test_an_existing_context_of_the_thread_is_set_too(app: App) -> None:
    app.commit("first")
    code = "import mlflow; mlflow.get_active_model_id()\nimport gitver_hooks.shim\n" + CONTEXT
    done = app.python(code)
    assert done.stdout.strip() == app.active


def test_a_model_that_the_app_has_set_stays_active(app: App) -> None:
    app.commit("first")
    code = """
import mlflow, os
os.environ["MLFLOW_TRACKING_URI"] = "sqlite:///mlflow.db"
own = mlflow.set_active_model(name="own")
import gitver_hooks
gitver_hooks.activate()
print(mlflow.get_active_model_id() == own.model_id)
"""
    assert app.python(code).stdout.strip() == "True"


@pytest.mark.parametrize("import_before", [True, False])
def test_a_with_statement_restores_the_previous_model(app: App, import_before: bool) -> None:
    app.commit("first")
    code = "import mlflow; mlflow.get_active_model_id()\n" if import_before else ""
    code += f"""
import gitver_hooks
with gitver_hooks.activate() as active:
    import mlflow
    print(active.model_id == mlflow.get_active_model_id())
print(mlflow.get_active_model_id())
{SAY}
"""
    inside, after, environment = app.python(code).stdout.splitlines()
    assert (inside, after) == ("True", "None")
    assert set(json.loads(environment).values()) == {None}


def test_the_shim_completes_the_experiment_of_the_settings(app: App) -> None:
    app("config", "gitver.experiment", "shop")
    commit = app.commit("first")
    done = app.python(SHIM)
    assert json.loads(done.stdout)["MLFLOW_EXPERIMENT_NAME"] == "shop"
    app.run_app()
    assert versions_of_traces(app.store) == [commit]


def test_the_model_is_registered_in_the_store_of_the_users_variable(
    app: App, monkeypatch: pytest.MonkeyPatch, sqlite_store: Path
) -> None:
    commit = app.commit("first")
    here = app.active
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{sqlite_store}")
    assert active_in(app.python(SHIM)) == model_of(sqlite_store, commit).id != here
    monkeypatch.delenv("MLFLOW_TRACKING_URI")
    assert active_in(app.python(SHIM)) == here


@pytest.mark.parametrize("why", ["unset", "down", "wrong setting"])
def test_traces_without_a_model_go_to_the_same_store(
    app: App, monkeypatch: pytest.MonkeyPatch, why: str
) -> None:
    app("config", "gitver.trackingUri", "http://127.0.0.1:9")
    app("config", "gitver.experiment", "team")
    app.commit("first", x="x")
    if why == "unset":
        monkeypatch.setenv("GITVER_ON_STALE", "unset")
    if why == "wrong setting":
        monkeypatch.setenv("GITVER_ON_STALE", "unset")
        app.gitver("status")
        monkeypatch.setenv("GITVER_DIFF", "maybe")
    printed = json.loads(app.python(SHIM).stdout)
    assert printed == {
        "MLFLOW_ACTIVE_MODEL_ID": None,
        "MLFLOW_TRACKING_URI": "http://127.0.0.1:9",
        "MLFLOW_EXPERIMENT_NAME": "team",
    }


def test_a_store_in_the_worktree_under_another_name_does_not_count(app: App) -> None:
    app("config", "gitver.trackingUri", "sqlite:///data [1].db")
    commit = app.commit("first")
    store = app.path / "data [1].db"
    assert app("status", "--porcelain") == ""
    app.run_app()
    app.run_app()
    assert versions_of_traces(store) == [commit, commit]
    assert len(models(store)) == 1


def test_a_command_installed_from_another_worktree_is_versioned_by_its_own_code(
    make_app: Callable[..., App],
) -> None:
    tool, elsewhere = make_app("tool"), make_app("elsewhere")
    tool.write("toolkit/__init__.py", "import gitver_hooks.shim\n")
    tool.commit("tool")
    elsewhere.commit("elsewhere")
    code = f"import sys; sys.path.insert(0, {str(tool.path)!r}); import toolkit\n{SAY}"
    assert active_in(elsewhere.python(code)) == tool.active != elsewhere.active


def bare_python(folder: Path) -> str:
    """An interpreter that has this package and none of its dependencies."""
    venv.create(folder, symlinks=True)
    variables = {"base": str(folder), "platbase": str(folder)}
    packages = Path(sysconfig.get_path("purelib", "venv", variables))
    source = Path(gitver_hooks.__file__).parent
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(source, packages / "gitver_hooks", ignore=ignored)
    return str(Path(sysconfig.get_path("scripts", "venv", variables)) / "python")


def test_without_the_recording_half_stale_code_gives_one_line_with_the_remedy(
    app: App, tmp_path: Path
) -> None:
    app.commit("first")
    app.write("prompt.txt", "changed")
    done = subprocess.run(
        [bare_python(tmp_path / "bare"), "-c", SHIM], cwd=app.path, capture_output=True, text=True
    )
    assert active_in(done) is None
    (line,) = done.stderr.splitlines()
    assert "is not installed for" in line
    assert "leave .git out of the container" in line


def test_an_unreadable_repository_gives_one_line_and_no_model(app: App) -> None:
    app.commit("first")
    (app.path / ".git" / "HEAD").write_text("ref: nonsense\x00\n")
    done = app.python(SHIM)
    assert active_in(done) is None
    assert len(done.stderr.splitlines()) == 1


def test_an_app_is_not_broken_by_a_closed_standard_error(git: Git) -> None:
    done = subprocess.run(
        ["sh", "-c", 'exec "$0" -c "import gitver_hooks.shim; print(1)" 2>&-', sys.executable],
        cwd=git.path.parent,
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout) == (0, "1\n")
