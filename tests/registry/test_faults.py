"""Whatever MLflow does, git and apps go on: soon, with one line, and without a password."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from support.background import wait_for_background
from support.faulty_servers import FAULTS
from support.git import Git
from support.locations import location_of
from support.sqlite_stores import SQLITE_FAULTS, sqlite_fault
from support.stores import App, models

from gitver_hooks.recording.outbox import Entry, Outbox

# Seconds, with slack for a loaded machine; MLflow alone would take 102 to 1,206.
ENOUGH = 60.0


# Where the response arrives byte by byte, only the deliverer's own limit of a minute ends it.
ENDLESS = ("dripping body",)


@pytest.fixture
def impatient(app: App, monkeypatch: pytest.MonkeyPatch) -> App:
    """An app whose shim waits one second for MLflow, and whose deliverer gives up after two."""
    monkeypatch.setenv("GITVER_WAIT", "1")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "2")
    return app


def entries(app: App) -> list[Entry]:
    return Outbox(location_of(app.path)).waiting()


def commit(app: App) -> subprocess.CompletedProcess[str]:
    """Commit, without waiting for the background."""
    app.write("new.txt", "x")
    app("add", "-A")
    started = time.monotonic()
    completed = Git(app.path).run("commit", "-q", "-m", "first")
    assert time.monotonic() - started < ENOUGH
    return completed


def state_of(app: App) -> str:
    """Everything that gitver has written to the git dir."""
    files = (path for path in (app.path / ".git" / "gitver").rglob("*") if path.is_file())
    return "".join(path.read_text(errors="replace") for path in files)


@pytest.mark.parametrize("fault", [fault for fault in FAULTS if fault != "413"])
def test_no_server_delays_a_commit_and_nothing_is_lost(
    fault: str, impatient: App, faulty: Callable[[str], str]
) -> None:
    uri = faulty(fault).replace("://", "://ada:geheim@")
    impatient("config", "gitver.trackingUri", uri)
    completed = commit(impatient)
    assert (completed.stdout, completed.stderr) == ("", "")
    assert impatient.active is None
    head = Git(impatient.path)("rev-parse", "HEAD")
    assert [entry.registration.version for entry in entries(impatient)] == [head]
    if fault not in ENDLESS:
        wait_for_background(impatient.path)
        (line,) = impatient.gitver("id").stderr.splitlines()
        assert " is not in MLflow: " in line
        assert "geheim" not in line
        assert impatient.gitver("id").stderr == ""
    assert "geheim" not in state_of(impatient)


def test_a_permanent_refusal_is_set_aside_with_its_reason(
    impatient: App, faulty: Callable[[str], str]
) -> None:
    impatient("config", "gitver.trackingUri", faulty("413"))
    commit(impatient)
    wait_for_background(impatient.path)
    assert entries(impatient) == []
    assert "refuses a registration of this size" in impatient.gitver("status").stdout


@pytest.mark.parametrize("fault", SQLITE_FAULTS)
def test_no_broken_store_delays_a_commit_and_the_next_sync_delivers_it(
    fault: str, impatient: App, tmp_path: Path
) -> None:
    store = tmp_path / "shared.db"
    copy = shutil.copy(impatient.store, tmp_path / "copy.db")
    shutil.copy(impatient.store, store)
    with sqlite_fault(fault, store) as uri:
        impatient("config", "gitver.trackingUri", uri)
        completed = commit(impatient)
        assert (completed.stdout, completed.stderr) == ("", "")
        assert impatient.active is None
        wait_for_background(impatient.path)
        assert len(entries(impatient)) == 1
    if store.is_dir():
        store.rmdir()
    shutil.copy(copy, store)
    if fault == "no folder":
        store.unlink()
        store.mkdir()
        store = Path(uri.removeprefix("sqlite:///"))
    assert impatient.gitver("sync").returncode == 0
    (model,) = models(store)
    assert model.version == impatient("rev-parse", "HEAD")
    assert impatient.active == model.id


@pytest.mark.parametrize("fault", ["hanging connect", "hanging answer", "dripping body", "503"])
def test_no_server_delays_an_app(fault: str, impatient: App, faulty: Callable[[str], str]) -> None:
    uri = faulty(fault).replace("://", "://ada:geheim@")
    impatient("config", "gitver.trackingUri", uri)
    impatient("add", "-A")
    impatient("commit", "-q", "-m", "first", GITVER_DISABLE="1")
    program = (
        "import time; t = time.monotonic(); import gitver_hooks.shim; print(time.monotonic() - t)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=impatient.path, capture_output=True, text=True
    )
    assert done.returncode == 0
    assert float(done.stdout) < ENOUGH
    assert len(done.stderr.splitlines()) <= 1
    assert "geheim" not in done.stderr
    assert len(entries(impatient)) == 1
