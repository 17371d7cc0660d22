"""Sixteen concurrent registrars of one version, a third of them killed: one model, one id."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.git import Git
from support.servers import clean_environment

from gitver_hooks.handover.store import Experiment
from gitver_hooks.registry.store import experiment_id, open_store

REGISTRARS = 16
KILLED = 5
SHORT_AND_LONG = pytest.mark.parametrize(
    "rounds", [pytest.param(1, id="short"), pytest.param(20, id="long", marks=pytest.mark.long)]
)

IDENTITY = {
    f"GIT_{role}_{key}": value
    for role in ("AUTHOR", "COMMITTER")
    for key, value in (("NAME", "Test"), ("EMAIL", "test@example.com"))
}

Herd = Callable[..., list[dict[str, Any]]]


@pytest.fixture
def herd(tmp_path: Path, delivering: Callable[[float], None]) -> Herd:
    def run(
        uri: str, *, rounds: int, killed: int, seed: int, repository: Git | None = None
    ) -> list[dict[str, Any]]:
        delivering(30)
        experiment = experiment_id(open_store(uri), Experiment(f"races {tmp_path.name} {seed}"))
        program = str(Path(__file__).parents[1] / "support" / "herd.py")
        numbers = map(str, (rounds, REGISTRARS, killed, seed))
        command = [sys.executable, program, uri, experiment, *numbers]
        command += [str(repository.path)] if repository else []
        done = subprocess.run(
            command,
            env=clean_environment(tmp_path, MLFLOW_ALLOW_FILE_STORE="true", **IDENTITY),
            check=True,
            stdout=subprocess.PIPE,
            text=True,
        )
        return [json.loads(line) for line in done.stdout.splitlines()]

    return run


@pytest.fixture(params=["sqlite", "server"])
def uri(request: pytest.FixtureRequest) -> str:
    """The embedded store, and a server on PostgreSQL."""
    if request.param == "server":
        return str(request.getfixturevalue("team_server"))
    return f"sqlite:///{request.getfixturevalue('sqlite_store')}"


def assert_agreed(played: list[dict[str, Any]], rounds: int, killed: int) -> None:
    assert len(played) == rounds
    for each in played:
        assert each["errors"] == []
        assert len(each["ids"]) == REGISTRARS - each["killed"] >= REGISTRARS - killed
        assert set(each["ids"]) | {each["later"]} == {each["later"]}
        # An adopted model may be READY before it is settled; only one carries the version's tag.
        ready = [model for model, status, _ in each["standing"] if status == "READY"]
        assert ready == [each["later"]]
        assert each["tidied"] == [each["later"]]
    seconds = sorted(each["seconds"] for each in played)
    died = sum(each["killed"] for each in played)
    print(
        f"\n{rounds} rounds, {REGISTRARS} registrars, {died} killed in all:"
        f" median {seconds[len(seconds) // 2]:.2f} s, longest {seconds[-1]:.2f} s;"
        f" candidates left at most {max(len(each['standing']) for each in played) - 1}"
    )


@SHORT_AND_LONG
@pytest.mark.parametrize("killed", [0, KILLED])
def test_registrars_of_one_version_agree_on_one_model(
    uri: str, killed: int, rounds: int, herd: Herd
) -> None:
    played = herd(uri, rounds=rounds, killed=killed, seed=rounds * 100 + killed)
    assert_agreed(played, rounds, killed)


@SHORT_AND_LONG
def test_registrars_adopt_the_oldest_of_the_models_that_mlflow_created(
    uri: str, rounds: int, herd: Herd, git: Git
) -> None:
    git("remote", "add", "origin", "https://git.example/app.git")
    played = herd(uri, rounds=2 * rounds, killed=KILLED, seed=rounds, repository=git)
    assert_agreed(played, 2 * rounds, KILLED)
    assert [each["later"] for each in played] == [each["oldest"] for each in played]
    # Nothing was created that had to be removed again.
    assert all(len(each["standing"]) == 1 for each in played)


def test_registrars_agree_in_a_file_store(
    herd: Herd, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    uri = (tmp_path / "mlruns").as_uri()
    assert_agreed(herd(uri, rounds=1, killed=0, seed=7), 1, 0)
