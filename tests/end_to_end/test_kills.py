"""After a kill at any moment, no file is torn or wrong, and no version is lost or doubled."""

from __future__ import annotations

import os
import random
import subprocess
import time
from collections import Counter
from pathlib import Path

import pytest
from support.git import Git
from support.locations import location_of
from support.processes import kill_all_at_work_in
from support.stores import App, models

from gitver_hooks.gitfiles.location import Location
from gitver_hooks.handover.active_model_file import read_active_model_file
from gitver_hooks.handover.current_state import current_state
from gitver_hooks.recording.outbox import Outbox
from gitver_hooks.version.identify import identify

_LONGEST_SECONDS = 4.0


def change_and_kill(app: App, chance: random.Random, commits: list[str]) -> None:
    if chance.random() < 0.6 or not commits:
        app.write("prompt.txt", str(chance.random()))
        command = ["git", "commit", "-q", "-a", "-m", "change"]
    else:
        command = ["git", "checkout", "-q", chance.choice(commits)]
    process = subprocess.Popen(
        command, cwd=app.path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    time.sleep(chance.uniform(0, _LONGEST_SECONDS if chance.random() < 0.5 else 0.3))
    kill_all_at_work_in(app.path)
    process.wait()
    for lock in (app.path / ".git").rglob("*.lock"):
        # git's own, of a git that was killed; ours are never removed, only held.
        if "gitver" not in lock.parts:
            lock.unlink()
    # The deliverer was killed too: there is nothing to wait for.
    git = Git(app.path)
    git("checkout", "-q", "-f", "HEAD", GITVER_DISABLE="1")
    commits.append(git("rev-parse", "HEAD"))


def assert_nothing_lies(app: App, location: Location) -> None:
    read_active_model_file(location.active_model_file)
    state = current_state(location, os.environ)
    if state is not None:
        version_of = {model.id: model.version for model in models(app.store)}
        assert version_of[state.model_id] == identify(app.path).id == state.version
    files = list(Path(location.shared_state_dir, "outbox").glob("*/*.json"))
    assert len(Outbox(location).waiting()) == len(files)


def kill(app: App, rounds: int, seed: int) -> None:
    chance = random.Random(seed)
    app.write("prompt.txt", "first")
    app.commit("first")
    location = location_of(app.path)
    commits: list[str] = []
    intended: set[str] = set()
    for _ in range(rounds):
        change_and_kill(app, chance, commits)
        assert_nothing_lies(app, location)
        intended |= {entry.registration.version for entry in Outbox(location).waiting()}
    done = app.gitver("sync")
    assert done.returncode == 0, done.stderr
    assert Outbox(location).waiting() == Outbox(location).rejected() == []
    live = Counter(model.version for model in models(app.store) if model.ready)
    assert intended <= set(live)
    assert set(live.values()) == {1}
    assert app.gitver("model").returncode == 0
    assert_nothing_lies(app, location)


def test_a_few_kills_lose_nothing_and_leave_no_wrong_file(app: App) -> None:
    kill(app, 8, seed=1)


@pytest.mark.long
def test_three_hundred_kills_lose_nothing_and_leave_no_wrong_file(app: App) -> None:
    kill(app, 300, seed=2)
