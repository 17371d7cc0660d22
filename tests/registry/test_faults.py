"""Whatever MLflow does, git and apps go on: soon, with one line, and without a password."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from support.servers import FAULTS, SQLITE_FAULTS, sqlite_fault
from support.stores import App, models

from gitver_hooks.gitfiles.location import find
from gitver_hooks.recording.outbox import Entry, Outbox

# A hundredth of what MLflow's client would take: what this bound is about is whether there is one.
ENOUGH = 12.0


@pytest.fixture
def waiting(app: App, monkeypatch: pytest.MonkeyPatch) -> App:
    """An app whose hooks and shim wait one second for MLflow."""
    monkeypatch.setenv("GITVER_WAIT", "1")
    return app


def entries(app: App) -> list[Entry]:
    location = find(str(app.path), os.environ)
    assert location is not None
    return Outbox(location).waiting()


def commit(app: App) -> subprocess.CompletedProcess[str]:
    app.write("new.txt", "x")
    app("add", "-A")
    return app.run("commit", "-q", "-m", "first", check=False)


@pytest.mark.parametrize("fault", [fault for fault in FAULTS if fault != "413"])
def test_no_server_delays_a_commit_and_nothing_is_lost(
    fault: str, waiting: App, faulty: Callable[[str], str]
) -> None:
    uri = faulty(fault).replace("://", "://ada:geheim@")
    waiting("config", "gitver.trackingUri", uri)
    started = time.monotonic()
    done = commit(waiting)
    assert time.monotonic() - started < ENOUGH
    assert (done.returncode, done.stdout) == (0, "")
    assert len(done.stderr.splitlines()) == 1
    assert "geheim" not in done.stderr
    assert waiting.active is None
    assert [entry.registration.version for entry in entries(waiting)] == [
        waiting("rev-parse", "HEAD")
    ]
    assert "geheim" not in "".join(
        path.read_text(errors="replace")
        for path in (waiting.path / ".git" / "gitver").rglob("*")
        if path.is_file()
    )


def test_a_refusal_for_good_is_set_aside_with_its_reason(
    waiting: App, faulty: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITVER_WAIT", "60")
    waiting("config", "gitver.trackingUri", faulty("413"))
    commit(waiting)
    assert entries(waiting) == []
    assert "refuses a registration of this size" in waiting.gitver("status").stdout


@pytest.mark.parametrize("fault", SQLITE_FAULTS)
def test_no_broken_store_delays_a_commit_and_the_next_sync_delivers_it(
    fault: str, waiting: App, tmp_path: Path
) -> None:
    store = tmp_path / "shared.db"
    copy = shutil.copy(waiting.store, tmp_path / "copy.db")
    shutil.copy(waiting.store, store)
    with sqlite_fault(fault, store) as uri:
        waiting("config", "gitver.trackingUri", uri)
        started = time.monotonic()
        done = commit(waiting)
        assert time.monotonic() - started < ENOUGH
        assert (done.returncode, done.stdout) == (0, "")
        assert len(done.stderr.splitlines()) == 1
        assert waiting.active is None
        assert len(entries(waiting)) == 1
    if store.is_dir():
        store.rmdir()
    shutil.copy(copy, store)
    if fault == "no folder":
        store.unlink()
        store.mkdir()
        store = Path(uri.removeprefix("sqlite:///"))
    assert waiting.gitver("sync").returncode == 0
    (model,) = models(store)
    assert model.version == waiting("rev-parse", "HEAD")
    assert waiting.active == model.id


@pytest.mark.parametrize("fault", ["hanging connect", "hanging answer", "dripping body", "503"])
def test_no_server_delays_an_app(fault: str, waiting: App, faulty: Callable[[str], str]) -> None:
    uri = faulty(fault).replace("://", "://ada:geheim@")
    waiting("config", "gitver.trackingUri", uri)
    waiting("add", "-A")
    waiting("commit", "-q", "-m", "first", GITVER_DISABLE="1")
    program = (
        "import time; t = time.monotonic(); import gitver_hooks.shim; print(time.monotonic() - t)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=waiting.path, capture_output=True, text=True
    )
    assert done.returncode == 0
    assert float(done.stdout) < ENOUGH
    assert len(done.stderr.splitlines()) <= 1
    assert "geheim" not in done.stderr
    assert len(entries(waiting)) == 1
