"""Delivery: entries arrive unchanged and once; models that MLflow lost are registered again."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from support.background import wait_until
from support.locations import location_of
from support.stores import App, model_of, models, versions_of_traces

from gitver_hooks.recording.outbox import Outbox

SHIM = "import gitver_hooks.shim, os; print(os.environ.get('MLFLOW_ACTIVE_MODEL_ID'))"


def outbox_of(app: App) -> Outbox:
    location = location_of(app.path)
    return Outbox(location)


def delete_model(store: Path, model_id: str) -> None:
    code = "import sys, mlflow; mlflow.MlflowClient(sys.argv[1]).delete_logged_model(sys.argv[2])"
    subprocess.run([sys.executable, "-c", code, f"sqlite:///{store}", model_id], check=True)


@pytest.fixture
def offline(
    make_app: Callable[..., App], pristine_store: Path, monkeypatch: pytest.MonkeyPatch
) -> tuple[App, Callable[[], Path]]:
    """An app whose store cannot be opened, and what repairs that (returns the store)."""
    app = make_app()
    folder = app.path.parent / "server"
    folder.write_text("a file where the store's folder should be")
    store = folder / "mlflow.db"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{store}")

    def repair() -> Path:
        folder.unlink()
        folder.mkdir()
        store.write_bytes(pristine_store.read_bytes())
        return store

    return app, repair


def commits_made_offline(offline: tuple[App, Callable[[], Path]], number: int) -> None:
    app, repair = offline
    commits = {}
    for position in range(number):
        app.write(".gitver.yaml", f"params: {{position: {position}}}\n")
        branch = f"branch-{position}"
        app("checkout", "-q", "-b", branch, GITVER_DISABLE="1")
        commits[app.commit(str(position))] = (str(position), branch)
    waiting = outbox_of(app).waiting()
    assert [entry.registration.version for entry in waiting] == list(commits)
    store = repair()
    done = app.gitver("sync")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith(" 0 waiting\n")
    registered = models(store)
    assert sorted(model.version for model in registered) == sorted(commits)
    for model in registered:
        recorded_position, branch = commits[model.version]
        assert model.ready
        assert model.params["gitver.params.position"] == recorded_position
        assert model.tags["mlflow.source.git.branch"] == branch
    assert app.active == model_of(store, list(commits)[-1]).id


def test_commits_made_offline_are_delivered_as_they_were_and_once(
    offline: tuple[App, Callable[[], Path]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITVER_WAIT", "0")
    commits_made_offline(offline, 6)


@pytest.mark.long
def test_a_hundred_commits_made_offline(
    offline: tuple[App, Callable[[], Path]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITVER_WAIT", "0")
    commits_made_offline(offline, 100)


def test_a_store_that_is_down_gives_one_line_and_the_next_hook_delivers(
    offline: tuple[App, Callable[[], Path]],
) -> None:
    app, repair = offline
    app("add", "-A")
    done = app.run("commit", "-q", "-m", "first")
    assert done.stderr == ""
    assert app.active is None
    # Once, by the next command; not again.
    (line,) = app.gitver("id").stderr.splitlines()
    assert line.startswith("gitver: app-git-")
    assert "is not in MLflow: " in line
    assert app.gitver("id").stderr == ""
    first = app("rev-parse", "HEAD")
    store = repair()
    second = app.commit("second")
    wait_until(lambda: {model.version for model in models(store)} == {first, second})
    wait_until(lambda: app.active is not None)
    assert app.active == model_of(store, second).id


def test_an_app_that_starts_while_the_store_is_down_runs_unversioned(
    offline: tuple[App, Callable[[], Path]],
) -> None:
    app, repair = offline
    app.commit("first")
    done = app.python(SHIM)
    assert done.stdout == "None\n"
    assert len(done.stderr.splitlines()) == 1
    store = repair()
    # The store failed a moment ago, so nobody waits for it; the background tries it again.
    assert app.python(SHIM).stdout == "None\n"
    wait_until(lambda: app.active is not None)
    done = app.python(SHIM)
    assert done.stdout.strip() == app.active == models(store)[0].id


def test_progress_is_shown_on_a_terminal(offline: tuple[App, Callable[[], Path]]) -> None:
    app, repair = offline
    app.commit("first")
    repair()
    code = (
        "import pty, sys\n"
        "status = pty.spawn([sys.executable, '-m', 'gitver_hooks', 'sync'])\n"
        "sys.exit(status)"
    )
    done = app.python(code)
    assert "1 app-git-" in done.stdout
    assert "1 delivered, 0 waiting" in done.stdout


def test_a_model_that_was_deleted_is_registered_again_by_sync(app: App) -> None:
    commit = app.commit("first")
    deleted = app.active
    assert deleted is not None
    delete_model(app.store, deleted)
    assert app.gitver("sync").returncode == 0
    assert app.active == model_of(app.store, commit).id != deleted


def test_an_app_checks_in_the_background_whether_its_model_was_deleted(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITVER_RECHECK", "0.001")
    commit = app.commit("first")
    deleted = app.active
    assert deleted is not None
    delete_model(app.store, deleted)
    assert app.python(SHIM).stdout.strip() == deleted
    wait_until(lambda: app.active not in (None, deleted))
    assert app.active == model_of(app.store, commit).id
    assert app.python(SHIM).stdout.strip() == app.active


def test_a_deleted_store_is_detected_at_the_next_start(app: App) -> None:
    commit = app.commit("first")
    app.store.unlink()
    app.run_app()
    assert versions_of_traces(app.store) == [commit]
    assert app.active == model_of(app.store, commit).id


def test_another_experiment_has_models_of_its_own(app: App) -> None:
    commit = app.commit("first")
    here = app.active
    app("config", "gitver.experiment", "other")
    there = app.gitver("model").stdout.strip()
    assert there != here
    assert [model.version for model in models(app.store)].count(commit) == 2
    app("config", "--unset", "gitver.experiment")
    assert app.gitver("model").stdout.strip() == here


def test_a_registration_that_can_never_succeed_is_set_aside_until_sync_retry(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_EXPERIMENT_ID", "404")
    app.commit("first")
    (entry,) = outbox_of(app).rejected()
    assert "404" in entry.error
    assert outbox_of(app).waiting() == []
    assert "1 set aside" in app.gitver("status").stdout
    done = app.gitver("sync", "--retry")
    assert done.returncode == 1
    assert "404" in done.stderr
    monkeypatch.delenv("MLFLOW_EXPERIMENT_ID")
    assert app.gitver("model").returncode == 0


def test_undeliverable_registrations_can_be_discarded(
    offline: tuple[App, Callable[[], Path]],
) -> None:
    app, _ = offline
    app.commit("first")
    assert app.gitver("sync").returncode == 1
    done = app.gitver("sync", "--discard")
    assert (done.returncode, done.stdout) == (0, "0 delivered, 1 discarded\n")
    assert outbox_of(app).waiting() == []


def test_several_commits_report_once_why_the_store_is_down(
    offline: tuple[App, Callable[[], Path]],
) -> None:
    app, _ = offline
    printed = ""
    for number in range(4):
        app("add", "-A")
        printed += app.run("commit", "-q", "--allow-empty", "-m", str(number)).stderr
    assert printed.count("is not in MLflow: ") == 1


def test_a_commit_returns_while_the_store_hangs(
    app: App, monkeypatch: pytest.MonkeyPatch, faulty: Callable[[str], str]
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", faulty("hanging answer"))
    app("add", "-A")
    started = time.monotonic()
    # Through a pipe: an inherited stream would hold its reader as long as the deliverer lives.
    completed = subprocess.run(
        "git commit -q -m first 2>&1 | cat",
        shell=True,
        cwd=app.path,
        capture_output=True,
        text=True,
    )
    assert completed.stdout == ""
    # The deliverer goes on for half a minute; nobody waits for it.
    assert time.monotonic() - started < 20
    assert app.active is None
    (entry,) = outbox_of(app).waiting()
    assert entry.registration.version == app.path.joinpath(".git/refs/heads/main").read_text()[:-1]
