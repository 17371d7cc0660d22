"""Worktrees whose modules have the names of gitver's dependencies are versioned all the same."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from support.stores import App, is_version, ready_versions

# What checkouts of these packages contain, and modules of the standard library that the recording
# half needs and the runtime half does not.
SHADOWS = (
    *("dulwich/__init__.py", "mlflow/__init__.py", "yaml/__init__.py", "sqlalchemy/__init__.py"),
    *("json.py", "argparse.py", "dataclasses.py"),
)
ACTIVE_MODEL = "import gitver_hooks.shim, os\nprint(os.environ.get('MLFLOW_ACTIVE_MODEL_ID'))\n"


@pytest.fixture
def shadowed(app: App) -> App:
    """An app at the root of a worktree whose modules must not be imported by gitver."""
    for name in SHADOWS:
        app.write(name, f"raise ImportError('{name} of the worktree was imported')\n")
    app.write("app.py", ACTIVE_MODEL)
    return app


@pytest.mark.parametrize("python_path", [None, "WORKTREE"])
def test_hooks_and_the_shim_ignore_the_modules_of_the_worktree(
    shadowed: App, python_path: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    if python_path is not None:
        monkeypatch.setenv("PYTHONPATH", python_path.replace("WORKTREE", str(shadowed.path)))
    shadowed("add", "-A")
    committed = shadowed.run("commit", "-q", "-m", "first")
    assert committed.stderr == ""
    for revision in ("HEAD", "DIRTY"):
        result = subprocess.run(
            [sys.executable, "app.py"], cwd=shadowed.path, capture_output=True, text=True
        )
        assert result.stderr == ""
        model_id = result.stdout.strip()
        assert is_version(ready_versions(shadowed.path)[model_id], revision, shadowed)
        shadowed.write("new.txt", "x")


def test_a_checkout_of_gitver_itself_is_recorded_by_the_installed_gitver(app: App) -> None:
    app.write("gitver_hooks/__init__.py", "raise ImportError('of the worktree')\n")
    app("add", "-A")
    assert app.run("commit", "-q", "-m", "first").stderr == ""
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    result = subprocess.run(
        ["gitver", "model"], cwd=app.path, env=environment, capture_output=True, text=True
    )
    assert (result.returncode, result.stderr) == (0, "")
    assert is_version(ready_versions(app.path)[result.stdout.strip()], "HEAD", app)
