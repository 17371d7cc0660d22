"""``pytest --gitver``: a session and what its tests start belong to one version of the code."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from support.stores import App, model_of, models, versions_of_traces

_TRACING_TESTS = """
import pathlib, subprocess, sys

def test_that_leaves_a_file_behind():
    pathlib.Path("leftover.txt").write_text("a new file in the worktree")

def test_the_app():
    import app

def test_the_app_in_another_process():
    subprocess.run([sys.executable, "app.py"], check=True)
"""
# The app answers wrongly once ANSWER is changed.
_EVALUATING_TESTS = """
import mlflow
from mlflow.genai.scorers import scorer
from answers import ANSWER

@scorer
def correct(inputs, outputs):
    return outputs == "yes" or inputs["number"] > 9

def test_quality():
    rows = [{"inputs": {"number": number}, "outputs": ANSWER} for number in range(12)]
    mlflow.genai.evaluate(data=rows, scorers=[correct])"""


def pytest_in(app: App, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments],
        cwd=app.path,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=240,
    )


@pytest.mark.parametrize("options", [("-n", "2"), ("-p", "no:capture")], ids=" ".join)
def test_all_traces_of_a_session_belong_to_the_version_it_began_with(
    app: App, options: tuple[str, str]
) -> None:
    app.write("test_app.py", _TRACING_TESTS)
    commit = app.commit("first")
    done = pytest_in(app, "-q", "--gitver", *options)
    assert done.returncode == 0, done.stdout
    assert versions_of_traces(app.store) == [commit, commit]
    model = model_of(app.store, commit)
    assert f"gitver: this session ran as {commit}, {model.name} ({model.id})" in done.stdout
    assert len(models(app.store)) == 1


def test_without_its_options_the_plugin_changes_nothing(app: App) -> None:
    app.write(
        "test_nothing.py",
        "import os, sys\n\n\ndef test_nothing():\n"
        "    assert not any(name.startswith('gitver_hooks.runtime') for name in sys.modules)\n"
        "    assert 'MLFLOW_ACTIVE_MODEL_ID' not in os.environ\n",
    )
    app.commit("first")
    done = pytest_in(app, "-q")
    assert done.returncode == 0, done.stdout
    assert "gitver" not in done.stdout


def test_a_session_outside_of_a_repository_says_that_it_is_not_versioned(
    tmp_path: Path,
) -> None:
    outside = App(tmp_path / "outside")
    outside.path.mkdir()
    outside.write("test_nothing.py", "def test_nothing(): pass\n")
    done = pytest_in(outside, "-q", "--gitver")
    assert done.returncode == 0
    assert "gitver: this session was not versioned" in done.stdout
    assert "no git worktree" in done.stderr
    done = pytest_in(outside, "-q", "--gitver-fail-on-drop", "HEAD")
    assert done.returncode == pytest.ExitCode.TESTS_FAILED
    assert "not compared with HEAD: the session has no version" in done.stdout


@pytest.mark.timeout(900)
def test_a_significant_drop_fails_the_session(app: App) -> None:
    app.write("answers.py", "ANSWER = 'yes'\n")
    app.write("test_quality.py", _EVALUATING_TESTS)
    app.commit("good")
    assert pytest_in(app, "-q", "--gitver").returncode == 0
    app.write("answers.py", "ANSWER = 'no'\n")
    app.commit("bad")
    done = pytest_in(app, "-q", "--gitver-fail-on-drop", "HEAD^")
    assert done.returncode == pytest.ExitCode.TESTS_FAILED, done.stdout
    assert "1 passed" in done.stdout
    assert "worse: correct" in done.stdout


def test_too_little_data_does_not_fail_the_session_but_an_unknown_base_does(app: App) -> None:
    app.write("test_nothing.py", "def test_nothing(): pass\n")
    app.commit("first")
    app.commit("second")
    done = pytest_in(app, "-q", "--gitver-fail-on-drop", "HEAD^")
    assert done.returncode == 0, done.stdout
    assert "B has no evaluated rows" in done.stdout
    done = pytest_in(app, "-q", "--gitver-fail-on-drop", "no-such-branch")
    assert done.returncode == pytest.ExitCode.TESTS_FAILED
    assert "no-such-branch" in done.stdout
