"""``gitver log``: its formats, its schema, and one line for each failure."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from support.git import Git
from support.history_schema import SCHEMA
from support.large_store import Plan, fill
from support.sqlite_stores import sqlite_fault

GITVER = (sys.executable, "-m", "gitver_hooks")
# Full MLflow imports some of them, mlflow-skinny brings none.
HEAVY = ("pandas", "numpy", "scipy", "matplotlib", "pyarrow", "sklearn")


def run(git: Git, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*GITVER, *arguments],
        cwd=git.path,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
    )


@pytest.fixture
def recorded(git: Git, sqlite_store: Path) -> str:
    """The tracking URI of a store that has the versions of three commits."""
    for number in range(2):
        git.commit(f"change \x1b[31m<b>{number}")
    uri = f"sqlite:///{sqlite_store}"
    fill(uri, git("rev-list", "--reverse", "HEAD").split(), Plan(live=5, evaluated=4))
    return uri


def test_log_prints_a_table_and_json_that_follows_its_schema(git: Git, recorded: str) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    slow = ("--deadline", "120")
    table = run(git, "log", *slow, MLFLOW_TRACKING_URI=recorded)
    assert (table.returncode, table.stderr) == (0, "")
    assert "\x1b" not in table.stdout
    heading, *rows = table.stdout.splitlines()
    assert heading.split()[:4] == ["version", "age", "subject", "correctness"]
    assert rows[0].startswith(git("rev-parse", "HEAD")[:8])
    printed = run(git, "log", "--format", "json", *slow, MLFLOW_TRACKING_URI=recorded)
    data = json.loads(printed.stdout)
    jsonschema.validate(data, SCHEMA)
    assert [v["commit"] for v in data["versions"]] == git("rev-list", "HEAD").split()
    assert data["versions"][0]["subject"] == "change \x1b[31m<b>1"
    assert not data["partial"]


def test_log_needs_neither_pandas_nor_numpy_nor_scipy(git: Git, recorded: str) -> None:
    code = (
        "import sys\n"
        "from gitver_hooks.cli import main\n"
        "status = main(['log', '--deadline', '120'])\n"
        f"loaded = [name for name in {HEAVY!r} if sys.modules.get(name)]\n"
        "sys.exit(f'imported {loaded}' if loaded else status)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=git.path,
        env={**os.environ, "MLFLOW_TRACKING_URI": recorded},
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "correctness" in done.stdout


@pytest.mark.parametrize("fault", ["refused", "hanging answer", "login page"])
def test_a_server_that_fails_gives_one_line_and_status_1(
    git: Git, faulty: Callable[[str], str], fault: str
) -> None:
    done = run(git, "log", "--deadline", "3", MLFLOW_TRACKING_URI=faulty(fault))
    assert_one_line(done)


OTHERS = (("show",), ("compare", "HEAD", "HEAD", "--fail-on-drop"), ("report", "-o", "page.html"))


@pytest.mark.parametrize("command", OTHERS, ids=lambda command: command[0])
def test_the_other_commands_fail_as_log_does(
    git: Git, faulty: Callable[[str], str], command: tuple[str, ...]
) -> None:
    assert_one_line(run(git, *command, MLFLOW_TRACKING_URI=faulty("refused")))
    assert not (git.path / "page.html").exists()


@pytest.mark.long
@pytest.mark.parametrize("fault", ["hanging answer", "login page", "404"])
@pytest.mark.parametrize("command", OTHERS, ids=lambda command: command[0])
def test_the_other_commands_fail_as_log_does_whatever_the_server_does(
    git: Git, faulty: Callable[[str], str], command: tuple[str, ...], fault: str
) -> None:
    uri = faulty(fault)
    assert_one_line(run(git, *command, "--deadline", "3", MLFLOW_TRACKING_URI=uri))


@pytest.mark.parametrize("fault", ["older", "corrupt"])
def test_a_store_that_cannot_be_read_gives_one_line_and_status_1(
    git: Git, sqlite_store: Path, fault: str
) -> None:
    with sqlite_fault(fault, sqlite_store) as uri:
        before = sqlite_store.read_bytes()
        assert_one_line(run(git, "log", MLFLOW_TRACKING_URI=uri))
        assert sqlite_store.read_bytes() == before


def assert_one_line(done: subprocess.CompletedProcess[str]) -> None:
    assert done.returncode == 1, done.stderr
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1, done.stderr
    assert done.stderr.startswith("gitver: ")
    assert "outbox" not in done.stderr
    assert "sync" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--all", "HEAD"), "cannot be combined"),
        (("A...B",), "symmetric difference"),
        (("nothing-of-that-name",), "nothing has been recorded yet"),
        (("-n", "0"), "invalid"),
        (("--deadline", "-1"), "invalid"),
        (("--since", "the day before"), "invalid"),
    ],
)
def test_a_wrong_argument_gives_one_line(
    git: Git, arguments: tuple[str, ...], message: str
) -> None:
    done = run(git, "log", *arguments)
    assert_one_line(done)
    assert message in done.stderr
