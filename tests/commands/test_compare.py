"""`gitver compare` on real evaluations by mlflow.genai.evaluate, in an embedded store."""

from __future__ import annotations

import fcntl
import io
import json
import os
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from support.git import Git

from gitver_hooks.cli import main

# Three inputs have the same first 1,000 characters, and are conversations with the same last
# message: MLflow's previews of them are equal.
EVALUATE = """
import json, sys
import mlflow
from mlflow.genai.scorers import scorer

LONG = "x" * 1200


@scorer
def correct(outputs):
    return not outputs.startswith("wrong")


@scorer
def length(outputs):
    return len(outputs) / 100


def question(number):
    contents = (LONG + str(number), "And?")
    messages = [{"role": "user", "content": content} for content in contents]
    if number >= 3:
        messages = [{"role": "user", "content": f"<b>|{number}|</b> @all"}]
    return {"messages": messages}


def evaluate(model_id, wrong, count):
    def predict(messages):
        number = next(i for i in range(count) if question(i)["messages"] == messages)
        return ("wrong" if number in wrong else "right") + f" {number} \\x1b[31m<script>"

    data = [{"inputs": question(number)} for number in range(count)]
    scorers = [correct, length]
    mlflow.genai.evaluate(data=data, predict_fn=predict, scorers=scorers, model_id=model_id)


mlflow.set_tracking_uri(sys.argv[1])
for model_id, wrong, count in json.loads(sys.argv[2]):
    evaluate(model_id, wrong, count)
"""


@dataclass(frozen=True)
class Done:
    """A command that has ended."""

    returncode: int
    stdout: str
    stderr: str


@dataclass(frozen=True)
class Evaluated:
    """A repository with evaluated versions, all in one store."""

    git: Git
    environment: dict[str, str]
    models: dict[str, str]

    def compare(self, *arguments: str) -> Done:
        """Run the command in this process, which has MLflow imported already."""
        out, err = io.StringIO(), io.StringIO()
        with (
            pytest.MonkeyPatch.context() as patch,
            mock.patch.dict(os.environ, self.environment, clear=True),
            redirect_stdout(out),
            redirect_stderr(err),
        ):
            patch.chdir(self.git.path)
            status = main(["compare", "--deadline", "120", *arguments])
        return Done(status, out.getvalue(), err.getvalue())

    def data(self, *arguments: str) -> dict[str, Any]:
        done = self.compare("--format", "json", *arguments)
        assert done.returncode == 0, done.stderr
        data: dict[str, Any] = json.loads(done.stdout)
        return data


@pytest.fixture(scope="module")
def evaluated(tmp_path_factory: pytest.TempPathFactory, testrun_uid: str) -> Evaluated:
    """Versions ``good``, ``bad`` (8 of 12 wrong), ``few`` (5 rows) and ``none`` (no rows).

    Evaluating takes a while, so the processes of a test run share one folder; nothing changes it.
    """
    folder = tmp_path_factory.getbasetemp().parent / f"compare-{testrun_uid}"
    folder.mkdir(exist_ok=True)
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("GIT_", "MLFLOW", "GITVER"))}
    environment = {
        **kept,
        "HOME": str(folder),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{kept['PATH']}",
        "MLFLOW_TRACKING_URI": f"sqlite:///{folder / 'mlflow.db'}",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GITVER_WAIT": "120",
    }
    done = folder / "models.json"
    with open(folder / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            done.write_text(json.dumps(make_versions(folder, environment)))
    return Evaluated(Git(folder / "app"), environment, json.loads(done.read_text()))


def make_versions(folder: Path, environment: dict[str, str]) -> dict[str, str]:
    """Commit and evaluate the versions; their model ids by name."""
    (folder / ".gitconfig").write_text("[user]\n\tname = Test\n\temail = test@example.com\n")
    worktree = folder / "app"
    worktree.mkdir()
    git = Git(worktree)

    def run(*command: str) -> str:
        done = subprocess.run(
            command, cwd=worktree, env=environment, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    run("git", "init", "-q", "-b", "main")
    models = {}
    for name in ("good", "bad", "few", "none"):
        git.write("app.py", f"PROMPT = {name!r}\n")
        git.write(".gitver.yaml", f"params:\n  prompt: {name}\n")
        run("git", "add", "-A")
        run("git", "commit", "-q", "-m", name)
        run("git", "tag", name)
        models[name] = run("gitver", "model")
    plan = [
        (models["good"], [], 12),
        (models["bad"], list(range(8)), 12),
        (models["few"], list(range(5)), 5),
    ]
    script = folder / "evaluate.py"
    script.write_text(EVALUATE)
    run(sys.executable, str(script), environment["MLFLOW_TRACKING_URI"], json.dumps(plan))
    return models


# Evaluating takes minutes on a busy machine.
pytestmark = pytest.mark.timeout(900)


def metric(data: dict[str, Any], name: str) -> dict[str, Any]:
    (found,) = [m for m in data["metrics"] if m["metric"] == name]
    return dict(found)


def test_the_same_inputs_are_paired_by_their_full_text(evaluated: Evaluated) -> None:
    data = evaluated.data("good", "bad")
    assert (data["paired"], data["a"]["rows"], data["b"]["rows"]) == (12, 12, 12)
    correct = metric(data, "correct")
    assert (correct["a"], correct["b"]) == pytest.approx((1, 4 / 12))
    assert correct["test"] == "exact McNemar"
    assert correct["p"] == pytest.approx(2 * 2 / 2**8)
    assert correct["dropped"] and correct["can_tell"]
    assert correct["interval"][1] < 0


def test_code_and_params_that_differ_are_shown(evaluated: Evaluated) -> None:
    data = evaluated.data("good", "bad")
    assert [file["path"] for file in data["files"]] == [".gitver.yaml", "app.py"]
    assert data["files"][1] == {"path": "app.py", "added": 1, "removed": 1}
    assert data["params"] == {"prompt": ["good", "bad"]}


def test_the_worst_inputs_come_first(evaluated: Evaluated) -> None:
    inputs = evaluated.data("good", "bad")["inputs"]
    assert [i["b"]["scores"]["correct"] for i in inputs] == ["no"] * 8 + ["yes"] * 4


def test_a_significant_drop_exits_4(evaluated: Evaluated) -> None:
    done = evaluated.compare("good", "bad", "--fail-on-drop")
    assert (done.returncode, done.stderr) == (4, "")
    assert "B is worse: correct." in done.stdout


def test_an_improvement_exits_0(evaluated: Evaluated) -> None:
    done = evaluated.compare("bad", "good", "--fail-on-drop")
    assert done.returncode == 0
    assert "B is better: correct." in done.stdout


def test_no_difference_exits_0(evaluated: Evaluated) -> None:
    done = evaluated.compare("good", "good", "--fail-on-drop")
    assert done.returncode == 0
    assert "No difference." in done.stdout


def test_five_rows_are_too_few_and_exit_5(evaluated: Evaluated) -> None:
    done = evaluated.compare("good", "few", "--fail-on-drop")
    assert done.returncode == 5
    assert "Too few rows to tell" in done.stdout


def test_a_version_without_rows_exits_5_and_says_so(evaluated: Evaluated) -> None:
    done = evaluated.compare("good", "none", "--fail-on-drop")
    assert done.returncode == 5
    assert "B has no evaluated rows" in done.stdout


def test_a_store_that_is_missing_exits_1_with_one_line(evaluated: Evaluated) -> None:
    environment = {**evaluated.environment, "MLFLOW_TRACKING_URI": "sqlite:///missing.db"}
    elsewhere = Evaluated(evaluated.git, environment, evaluated.models)
    done = elsewhere.compare("good", "bad", "--fail-on-drop")
    assert (done.returncode, done.stdout) == (1, "")
    assert len(done.stderr.splitlines()) == 1


def test_without_names_head_is_compared_with_its_parent(evaluated: Evaluated) -> None:
    data = evaluated.data()
    assert data["a"]["model_id"] == evaluated.models["few"]
    assert data["b"]["model_id"] == evaluated.models["none"]


def test_in_a_dirty_worktree_head_is_compared_with_the_worktree(
    evaluated: Evaluated, tmp_path: Path
) -> None:
    evaluated.git("clone", "-q", ".", str(tmp_path / "clone"))
    clone = replace(evaluated, git=Git(tmp_path / "clone"))
    clone.git.write("app.py", "PROMPT = 'edited'\n")
    data = clone.data()
    assert data["a"]["model_id"] == evaluated.models["none"]
    assert (data["b"]["dirty"], data["b"]["model_id"]) == (True, None)
    assert [file["path"] for file in data["files"]] == ["app.py"]
    assert any("never been registered" in note for note in data["notes"])


def test_models_are_accepted_as_names(evaluated: Evaluated) -> None:
    data = evaluated.data(evaluated.models["good"], evaluated.models["bad"])
    assert (data["a"]["model_id"], data["b"]["model_id"]) == (
        evaluated.models["good"],
        evaluated.models["bad"],
    )


def test_markdown_contains_no_markup_of_inputs_and_answers(evaluated: Evaluated) -> None:
    text = evaluated.compare("good", "bad", "--format", "markdown", "--rows", "12").stdout
    for markup in ("<b>", "<script", "@all", "\x1b", "[31m"):
        assert markup not in text
    tables = [line for line in text.splitlines() if line.startswith("|")]
    assert {line.count("|") for line in tables} == {10, 4}
    assert "&#60;script&#62;" in text


def test_the_table_escapes_control_characters(evaluated: Evaluated) -> None:
    done = evaluated.compare("good", "bad")
    assert "\x1b" not in done.stdout
    assert "\\u001b[31m<script>" in done.stdout


def test_the_number_of_inputs_shown_can_be_chosen(evaluated: Evaluated) -> None:
    done = evaluated.compare("good", "bad", "--rows", "2")
    assert done.stdout.count("input  ") == 2
    assert "10 more inputs" in done.stdout
