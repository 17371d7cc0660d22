"""The command line: exit statuses, one line for each failure, and bugs that leave a trace."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from support.git import Git
from support.stores import App

from gitver_hooks import cli
from gitver_hooks.commands import deliver as deliver_command
from gitver_hooks.commands import id as id_command
from gitver_hooks.gitfiles.location import find_location
from gitver_hooks.handover.notices import take_notice
from gitver_hooks.handover.store import Experiment, Store
from gitver_hooks.recording.circuit_breaker import failure_of


def gitver(cwd: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "gitver_hooks", *arguments], cwd=cwd, capture_output=True, text=True
    )


@pytest.mark.parametrize("verb", ["install", "uninstall", "status", "id", "model", "sync"])
def test_outside_of_a_worktree_a_verb_fails_in_one_line(tmp_path: Path, verb: str) -> None:
    done = gitver(tmp_path, verb)
    assert done.returncode == 1
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith("gitver: ")
    assert "is not inside a git worktree; run this inside a clone" in line


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "the following arguments are required: COMMAND; see `gitver --help`"),
        (["statsu"], "there is no command 'statsu'; did you mean `gitver status`?"),
        (
            ["unistall", "--purge"],
            "there is no command 'unistall'; did you mean `gitver uninstall`?",
        ),
        (["qqq"], "there is no command 'qqq'; see `gitver --help`"),
        (["status", "--jsn"], "unrecognized arguments: --jsn; see `gitver --help`"),
        (["id", "--help-me"], "unrecognized arguments: --help-me"),
    ],
)
def test_wrong_arguments_fail_in_one_line(git: Git, arguments: list[str], message: str) -> None:
    done = gitver(git.path, *arguments)
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith("gitver: ")
    assert message in line


def test_a_hook_always_exits_0(tmp_path: Path, git: Git) -> None:
    for arguments in (["post-commit"], ["post-checkout", "a", "b", "1"], ["nonsense"]):
        assert gitver(tmp_path, "hook", *arguments).returncode == 0
    (git.path / ".git" / "HEAD").write_text("nonsense\n")
    done = gitver(git.path, "hook", "post-commit")
    assert done.returncode == 0
    assert len(done.stderr.splitlines()) == 1


def test_a_wrong_setting_fails_in_one_line(git: Git) -> None:
    git.write(".gitver.yaml", "wiat: 3\n")
    done = gitver(git.path, "id")
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert "unknown key 'wiat'; did you mean" in line


def test_a_bug_exits_3_and_its_traceback_is_in_the_log(
    git: Git, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: object) -> int:
        raise RuntimeError("https://user:s3cret@example.com broke")

    monkeypatch.chdir(git.path)
    monkeypatch.setattr(id_command, "run", broken)
    assert cli.main(["id"]) == cli.BUG
    message = capsys.readouterr().err
    assert "this is a bug in gitver: RuntimeError" in message
    assert len(message.splitlines()) == 1
    log = (git.path / ".git" / "gitver" / "log").read_text()
    assert "Traceback" in log
    assert "s3cret" not in log
    assert "s3cret" not in message


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (ModuleNotFoundError("no alembic", name="alembic"), "alembic is not installed for"),
        (RuntimeError("unforeseen"), "a bug in gitver: RuntimeError: unforeseen"),
    ],
)
def test_a_deliverer_that_dies_tells_those_who_wait_for_its_store(
    git: Git, monkeypatch: pytest.MonkeyPatch, error: Exception, message: str
) -> None:
    def fail(*_: object) -> None:
        raise error

    location = find_location(str(git.path), os.environ)
    assert location is not None
    store, other = (Store(f"http://localhost:{port}", Experiment()) for port in (1, 2))
    monkeypatch.setattr(deliver_command, "run_deliverer", fail)
    assert cli.main(["deliver", location.worktree, store.key]) != cli.DONE
    assert message in (failure_of(location, store) or "")
    assert failure_of(location, other) is None
    assert message in (take_notice(location) or "")


def test_a_deliverer_with_a_wrong_setting_tells_those_who_wait_for_its_store(git: Git) -> None:
    location = find_location(str(git.path), os.environ)
    assert location is not None
    store = Store("http://localhost:1", Experiment())
    git("config", "gitver.wait", "soon")
    gitver(git.path, "deliver", location.worktree, store.key)
    assert "wait in git config gitver.wait" in (failure_of(location, store) or "")
    assert "wait in git config gitver.wait" in (take_notice(location) or "")


def test_an_interrupt_exits_130(
    git: Git, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*_: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.chdir(git.path)
    monkeypatch.setattr(id_command, "run", interrupted)
    assert cli.main(["id"]) == cli.INTERRUPTED
    assert capsys.readouterr().err == ""


def test_a_closed_output_is_not_a_failure(git: Git) -> None:
    done = subprocess.run(
        f"'{sys.executable}' -m gitver_hooks status | true",
        shell=True,
        cwd=git.path,
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_the_log_is_bounded(app: App) -> None:
    app.commit("first")
    state = app.path / ".git" / "gitver"
    (state / "log").write_text("x" * 300_000)
    app.write(".gitver.yaml", "wiat: 3\n")
    app.gitver("id")
    assert (state / "log").stat().st_size < 10_000
    assert (state / "log.old").stat().st_size == 300_000
