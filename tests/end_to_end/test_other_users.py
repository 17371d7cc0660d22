"""Other people's repositories, and what other users leave in one's own."""

from __future__ import annotations

import grp
import os
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from support.git import Git
from support.hooks import listing

import gitver_hooks
from gitver_hooks import cli
from gitver_hooks.commands.hook import run_hook
from gitver_hooks.common.errors import GitverError

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can be another user")

STRANGER = 54321
ARGUMENTS = {
    "run": ["--require", "--", "true"],
    "show": ["HEAD"],
    "compare": ["HEAD~1", "HEAD"],
    "diff": ["HEAD~1", "HEAD"],
    "restore": ["HEAD"],
    "prune": ["--dry-run"],
    "hook": ["post-commit"],
}
# All but those that need no repository.
COMMANDS = [
    [verb, *ARGUMENTS.get(verb, [])] for verb in cli.VERBS if verb not in ("demo", "completion")
]


@pytest.fixture(autouse=True)
def _no_sudo(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SUDO_UID", raising=False)


@pytest.fixture
def foreign(git: Git, tmp_path: Path) -> Git:
    """Somebody else's repository whose filter and configuration would run a program."""
    program = tmp_path / "evil"
    program.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\ncat\n")
    program.chmod(0o755)
    git.commit("attributes", **{".gitattributes": "*.py filter=evil\n"})
    git("config", "filter.evil.clean", str(program))
    git("config", "filter.evil.process", str(program))
    git("config", "core.fsmonitor", str(program))
    git.write("app.py", "print('changed')\n")
    for path in [git.path, *git.path.rglob("*")]:
        os.lchown(path, STRANGER, STRANGER)
    return git


def untouched(foreign: Git, before: dict[str, tuple[int, object]]) -> None:
    assert listing(foreign.path) == before
    assert not (foreign.path.parent / "ran").exists()


def test_no_command_reads_somebody_elses_repository(
    foreign: Git, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before = listing(foreign.path)
    monkeypatch.chdir(foreign.path)
    for command in COMMANDS:
        status = cli.main(command)
        printed = "".join(capsys.readouterr())
        assert status == (cli.DONE if command[0] == "hook" else cli.FAILED), command
        remedy = f"git config --global --add safe.directory {foreign.path}"
        assert remedy in printed, command
        untouched(foreign, before)


def test_no_hook_and_no_call_reads_it_either(
    foreign: Git, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before = listing(foreign.path)
    monkeypatch.chdir(foreign.path)
    run_hook("post-commit", [], os.environ)
    assert "safe.directory" in capsys.readouterr().err
    assert gitver_hooks.activate(foreign.path) is None
    assert "safe.directory" in capsys.readouterr().err
    with pytest.raises(GitverError, match="safe"):
        gitver_hooks.identify(foreign.path)
    untouched(foreign, before)


def test_an_app_in_it_runs_unversioned_after_one_line(foreign: Git) -> None:
    before = listing(foreign.path)
    done = subprocess.run(
        [sys.executable, "-c", "import gitver_hooks.shim; print('ran')"],
        cwd=foreign.path,
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout) == (0, "ran\n")
    assert len(done.stderr.splitlines()) == 1
    assert "safe.directory" in done.stderr
    untouched(foreign, before)


def test_a_safe_directory_is_read(foreign: Git) -> None:
    foreign("config", "--global", "--add", "safe.directory", str(foreign.path))
    assert gitver_hooks.identify(foreign.path).dirty


@contextmanager
def user(number: int, group: int) -> Iterator[None]:
    """Be another user in this process, as far as files are concerned."""
    os.setegid(group)
    os.seteuid(number)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(0)


@pytest.fixture
def reachable(tmp_path: Path) -> None:
    """Let other users get to the folder of the test."""
    for folder in [tmp_path, *tmp_path.parents]:
        if folder.stat().st_uid == 0:
            folder.chmod(folder.stat().st_mode | 0o011)


@pytest.mark.parametrize("leftover", ["folder", "lock", "link"])
def test_a_hook_leaves_no_wrong_model_where_root_ran_gitver(
    git: Git,
    reachable: None,
    leftover: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    state = git.path / ".git" / "gitver"
    for path in [git.path, *git.path.rglob("*")]:
        os.lchown(path, STRANGER, STRANGER)
    if leftover == "link":
        (git.path.parent / "elsewhere").mkdir(mode=0o777)
        state.symlink_to(git.path.parent / "elsewhere")
    else:
        state.mkdir(mode=0o700)
        (state / "lock").touch(0o600)
        if leftover == "lock":
            os.chown(state, STRANGER, STRANGER)
    active = git.path / ".mlflow-active-model"
    active.write_text("m-wrong\n")
    os.chown(active, STRANGER, STRANGER)
    monkeypatch.chdir(git.path)
    with user(STRANGER, STRANGER):
        run_hook("post-commit", [], os.environ)
    assert not active.exists()
    assert len(capsys.readouterr().err.splitlines()) == 1
    assert not list((git.path.parent).glob("elsewhere/*"))


def test_in_a_shared_repository_the_group_can_write_the_state(
    make_git: Callable[..., Git], reachable: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    git = make_git("shared", "--shared=group")
    git.commit("first", **{"app.py": "x = 1\n"})
    group = grp.getgrgid(0).gr_gid
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    run = [sys.executable, "-m", "gitver_hooks", "model"]
    subprocess.run(run, cwd=git.path, env={**os.environ, "GITVER_WAIT": "0"}, capture_output=True)
    state = git.path / ".git" / "gitver"
    written = [state, *state.rglob("*")]
    assert len(written) > 3
    for path in written:
        mode = path.stat().st_mode
        assert mode & stat.S_IWGRP, path
        assert not mode & stat.S_IRWXO, path
        assert path.stat().st_gid == group


def test_the_state_of_an_ordinary_repository_is_private(
    git: Git, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    run = [sys.executable, "-m", "gitver_hooks", "model"]
    subprocess.run(run, cwd=git.path, env={**os.environ, "GITVER_WAIT": "0"}, capture_output=True)
    state = git.path / ".git" / "gitver"
    for path in [state, *state.rglob("*")]:
        assert not path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO), path
