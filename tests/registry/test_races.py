"""Sixteen registrars of one version at one moment, a third of them killed: one model, one id."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.servers import clean_environment

from gitver_hooks.handover.store import Experiment
from gitver_hooks.registry.store import experiment_id, open_store

REGISTRARS = 16
KILLED = 5

Herd = Callable[..., list[dict[str, Any]]]


@pytest.fixture
def herd(tmp_path: Path, delivering: Callable[[float], None]) -> Herd:
    def run(uri: str, *, rounds: int, killed: int, seed: int) -> list[dict[str, Any]]:
        delivering(30)
        experiment = experiment_id(open_store(uri), Experiment(f"races {tmp_path.name} {seed}"))
        numbers = map(str, (rounds, REGISTRARS, killed, seed))
        done = subprocess.run(
            [
                sys.executable,
                Path(__file__).parents[1] / "support" / "herd.py",
                uri,
                experiment,
                *numbers,
            ],
            env=clean_environment(tmp_path, MLFLOW_ALLOW_FILE_STORE="true"),
            check=True,
            stdout=subprocess.PIPE,
            text=True,
        )
        return [json.loads(line) for line in done.stdout.splitlines()]

    return run


def assert_agreed(played: list[dict[str, Any]], rounds: int, killed: int) -> None:
    assert len(played) == rounds
    for one in played:
        assert one["errors"] == []
        assert len(one["ids"]) == REGISTRARS - one["killed"] >= REGISTRARS - killed
        assert set(one["ids"]) | {one["later"]} == {one["later"]}
        ready = [model for model, status, fate in one["standing"] if status == "READY"]
        assert ready == [one["later"]]
        assert one["tidied"] == [one["later"]]
    seconds = sorted(one["seconds"] for one in played)
    died = sum(one["killed"] for one in played)
    print(
        f"\n{rounds} rounds, {REGISTRARS} registrars, {died} killed in all:"
        f" median {seconds[len(seconds) // 2]:.2f} s, longest {seconds[-1]:.2f} s;"
        f" candidates left at most {max(len(one['standing']) for one in played) - 1}"
    )


@pytest.mark.parametrize(
    "rounds", [pytest.param(1, id="short"), pytest.param(20, id="long", marks=pytest.mark.long)]
)
@pytest.mark.parametrize("killed", [0, KILLED])
@pytest.mark.parametrize("where", ["server", "sqlite"])
def test_registrars_of_one_version_agree_on_one_model(
    where: str, killed: int, rounds: int, herd: Herd, request: pytest.FixtureRequest
) -> None:
    if where == "server":
        uri = request.getfixturevalue("team_server")
    else:
        uri = f"sqlite:///{request.getfixturevalue('sqlite_store')}"
    played = herd(uri, rounds=rounds, killed=killed, seed=rounds * 100 + killed)
    assert_agreed(played, rounds, killed)


def test_registrars_agree_in_a_folder_of_files_where_nothing_is_write_once(
    herd: Herd, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    assert_agreed(herd((tmp_path / "mlruns").as_uri(), rounds=1, killed=0, seed=7), 1, 0)
