"""A team on one server: whoever registers a version first, all clones name the same model."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import quote

import pytest
from support.git import Git
from support.guarded_server import PASSWORD, GuardedServer
from support.processes import kill_all_at_work_in

from gitver_hooks.handover.store import Experiment
from gitver_hooks.registry.store import experiment_id, open_store


def live_models(uri: str, experiment: str, version: str) -> list[str]:
    client = open_store(uri)
    found = client.search_logged_models([experiment_id(client, Experiment(experiment))])
    return [
        model.model_id
        for model in found
        if model.tags.get("gitver.version") == version and str(model.status) == "READY"
    ]


def clones_of(origin: Git, number: int) -> list[Git]:
    clones = []
    for position in range(number):
        folder = origin.path.parent / f"clone-{position}"
        if folder.exists():
            Git(folder)("pull", "-q")
        else:
            origin("clone", "-q", str(origin.path), str(folder))
        clones.append(Git(folder))
    return clones


def start(clone: Git) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "gitver_hooks", "model"],
        cwd=clone.path,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def register_at_one_moment(clones: list[Git], killed: int, chance: random.Random) -> None:
    """Run ``gitver model`` in all clones at the same time; kill ``killed`` of them and restart."""
    processes = [start(clone) for clone in clones]
    for clone in chance.sample(clones, killed):
        time.sleep(chance.uniform(0, 2 * len(clones) / killed / 2))
        kill_all_at_work_in(clone.path)
    for process in processes:
        process.wait()
    for clone, process in zip(clones, processes, strict=True):
        if process.returncode or not (clone.path / ".mlflow-active-model").exists():
            assert start(clone).wait() == 0


def all_agree(origin: Git, uri: str, *, number: int, rounds: int, killed: int, seed: int) -> None:
    chance = random.Random(seed)
    for position in range(rounds):
        commit = origin.commit(f"{seed} {position}")
        clones = clones_of(origin, number)
        register_at_one_moment(clones, killed, chance)
        named = {(clone.path / ".mlflow-active-model").read_text().strip() for clone in clones}
        assert live_models(uri, os.environ["MLFLOW_EXPERIMENT_NAME"], commit) == list(named)


@pytest.fixture
def experiment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    name = f"team {tmp_path.name}"
    monkeypatch.setenv("MLFLOW_EXPERIMENT_NAME", name)
    monkeypatch.setenv("GITVER_WAIT", "300")
    return name


@pytest.mark.parametrize("killed", [0, 2])
def test_a_few_clones_name_the_same_model(
    git: Git, team_server: str, experiment: str, monkeypatch: pytest.MonkeyPatch, killed: int
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", team_server)
    all_agree(git, team_server, number=4, rounds=1, killed=killed, seed=killed)


@pytest.mark.long
@pytest.mark.parametrize("killed", [0, 5])
@pytest.mark.parametrize("where", ["server", "sqlite"])
def test_sixteen_clones_name_the_same_model_twenty_times(
    git: Git,
    where: str,
    killed: int,
    experiment: str,
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if where == "server":
        uri = request.getfixturevalue("team_server")
    else:
        uri = f"sqlite:///{request.getfixturevalue('sqlite_store')}"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    all_agree(git, uri, number=16, rounds=20, killed=killed, seed=killed)


@pytest.mark.parametrize("user", ["editor", "manager"])
def test_a_user_who_may_edit_can_do_everything(
    git: Git, guarded_server: GuardedServer, user: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = f"edited by {user}"
    guarded_server.experiment(name)
    monkeypatch.setenv("MLFLOW_EXPERIMENT_NAME", name)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", guarded_server.uri(user))
    monkeypatch.setenv("GITVER_WAIT", "120")
    for verb in ("install", "model", "status", "sync"):
        done = gitver(git, verb)
        assert (done.returncode, done.stderr) == (0, ""), verb
    git.write("new.txt", "x")
    assert gitver(git, "model").returncode == 0


def test_a_user_who_may_only_read_gets_one_clear_line_without_a_password(
    git: Git, guarded_server: GuardedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    guarded_server.experiment("read only")
    monkeypatch.setenv("MLFLOW_EXPERIMENT_NAME", "read only")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", guarded_server.uri("reader"))
    monkeypatch.setenv("GITVER_WAIT", "120")
    done = gitver(git, "model")
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert "does not let this user register a version; ask for EDIT rights" in line
    assert PASSWORD not in done.stdout + done.stderr
    state = (path for path in (git.path / ".git" / "gitver").rglob("*") if path.is_file())
    for content in (path.read_bytes() for path in state):
        assert PASSWORD.encode() not in content
        assert quote(PASSWORD, safe="").encode() not in content


def gitver(git: Git, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "gitver_hooks", *arguments],
        cwd=git.path,
        capture_output=True,
        text=True,
    )
