"""What MLflow's own pages show of the versions, in a real browser."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from support.chromium import chromium, needs_chromium
from support.git import Git

from gitver_hooks.handover.store import Experiment
from gitver_hooks.registry.store import experiment_id, open_store


@needs_chromium
def test_versions_of_an_app_with_a_long_name_can_be_told_apart(
    make_git: Callable[..., Git], team_server: str, tmp_path: Path
) -> None:
    # MLflow shows about 20 characters of a model's name, here the same for all versions.
    git = make_git("an-app-whose-name-fills-every-column-of-the-table")
    git.write("app.py", "print('one')\n")
    commit = git.commit("Answer in the language of the question")
    named = "the long name"
    environment = {
        **os.environ,
        "MLFLOW_TRACKING_URI": team_server,
        "MLFLOW_EXPERIMENT_NAME": named,
        "GITVER_WAIT": "200",
    }

    def register() -> None:
        command = [sys.executable, "-m", "gitver_hooks", "model"]
        subprocess.run(command, cwd=git.path, env=environment, check=True, capture_output=True)

    register()
    git.write("app.py", "print('two')\n")
    register()
    experiment = experiment_id(open_store(team_server), Experiment(named))
    page = chromium(
        tmp_path / "profile",
        "--window-size=1600,900",
        # Milliseconds of the page's own clock, which stands still while it waits for the server.
        "--virtual-time-budget=60000",
        "--dump-dom",
        f"{team_server}/#/experiments/{experiment}/models",
    )
    assert f"{commit[:8]} Answer in the language of the question" in page
    assert f"{commit[:8]}+" in page
