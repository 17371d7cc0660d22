"""The ready-made hooks as they stand: run by hand, by git, and where nothing is as it should be."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import venv
from collections.abc import Callable
from pathlib import Path

import pytest
from support.git import Git

from gitver_hooks.installation import hook_files

HOOKS = Path(__file__).parents[2] / "hooks"
SHELLS = [shell for shell in ("sh", "dash", "bash") if shutil.which(shell)]
ARGUMENTS = {
    "post-commit": [],
    "post-checkout": ["1" * 40, "2" * 40, "1"],
    "post-merge": ["0"],
    "post-rewrite": ["amend"],
    "post-applypatch": [],
}


@pytest.fixture
def bin_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only folder on PATH; a ``gitver`` in it notes how it is called in ``called``."""
    folder = tmp_path / "bin"
    folder.mkdir()
    gitver = folder / "gitver"
    gitver.write_text(
        '#!/bin/sh\nhere=${0%/*}\nread -r line && echo "stdin $line"\n'
        'echo "$*" >> "$here/../called"\nexit "${GITVER_STATUS:-0}"\n'
    )
    gitver.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder))
    return folder


@pytest.fixture
def called(tmp_path: Path) -> Callable[[], list[str]]:
    """The arguments of each call of the ``gitver`` on PATH."""
    path = tmp_path / "called"
    return lambda: path.read_text().splitlines() if path.exists() else []


def run(hook: Path, *arguments: str, **options: object) -> subprocess.CompletedProcess[str]:
    given = {"capture_output": True, "text": True, "input": "old new\n"} | options
    return subprocess.run([hook, *arguments], **given)  # type: ignore[call-overload,no-any-return]


def installed(folder: Path, name: str, interpreter: str, before: str = "") -> Path:
    folder.mkdir(exist_ok=True)
    hook = folder / name
    hook.write_bytes(hook_files.text(name, interpreter, before))
    hook.chmod(0o755)
    return hook


def test_there_is_a_hook_for_each_event_and_nothing_else() -> None:
    assert {path.name for path in HOOKS.iterdir()} == set(hook_files.NAMES) == set(ARGUMENTS)
    assert all(os.access(path, os.X_OK) for path in HOOKS.iterdir())


def test_the_hooks_differ_in_their_name_alone() -> None:
    texts = {path.read_text().replace(path.name, "NAME") for path in HOOKS.iterdir()}
    assert len(texts) == 1


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("options", ["-u", "-eu"])
@pytest.mark.parametrize("name", hook_files.NAMES)
def test_a_hook_calls_gitver_with_its_name_and_arguments(
    name: str,
    options: str,
    shell: str,
    bin_folder: Path,
    called: Callable[[], list[str]],
) -> None:
    program = shutil.which(shell, path=os.defpath)
    assert program
    done = run(Path(program), options, str(HOOKS / name), *ARGUMENTS[name])
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert called() == [" ".join(["hook", name, *ARGUMENTS[name]])]


@pytest.mark.parametrize("status", ["1", "3", "127", "130"])
def test_a_hook_succeeds_whatever_gitver_returns(
    status: str, bin_folder: Path, called: Callable[[], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITVER_STATUS", status)
    done = run(HOOKS / "post-checkout", *ARGUMENTS["post-checkout"])
    assert (done.returncode, done.stderr) == (0, "")
    assert len(called()) == 1


@pytest.mark.parametrize("name", hook_files.NAMES)
def test_where_gitver_is_missing_a_hook_says_one_line_and_succeeds(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    done = run(HOOKS / name, *ARGUMENTS[name])
    assert done.returncode == 0
    assert len(done.stderr.splitlines()) == 1
    assert "pip install gitver-hooks" in done.stderr


def test_a_hook_whose_interpreter_is_gone_falls_back_to_gitver_on_path(
    tmp_path: Path, bin_folder: Path, called: Callable[[], list[str]]
) -> None:
    hook = installed(tmp_path / "hooks", "post-merge", "/nonexistent/bin/python")
    done = run(hook, "1")
    assert (done.returncode, done.stderr, called()) == (0, "", ["hook post-merge 1"])


def test_a_hook_whose_interpreter_has_lost_gitver_falls_back_to_gitver_on_path(
    tmp_path: Path, bin_folder: Path, called: Callable[[], list[str]]
) -> None:
    venv.create(tmp_path / "empty")
    hook = installed(tmp_path / "hooks", "post-merge", str(tmp_path / "empty/bin/python"))
    done = run(hook, "1")
    assert (done.returncode, done.stderr, called()) == (0, "", ["hook post-merge 1"])


def test_an_interpreter_with_a_quote_and_spaces_in_its_path_is_used(
    tmp_path: Path, bin_folder: Path, called: Callable[[], list[str]]
) -> None:
    python = tmp_path / "it's a 'python' $HOME"
    python.write_text('#!/bin/sh\nshift 3\necho "$*"\n')
    python.chmod(0o755)
    done = run(installed(tmp_path / "hooks", "post-merge", str(python)), "1")
    assert (done.returncode, done.stdout, called()) == (0, "hook post-merge 1\n", [])


def test_neither_the_folder_nor_the_variables_of_the_app_hijack_the_interpreter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, isolated: Path
) -> None:
    traps = tmp_path / "traps"
    for module in ("json", "argparse", "os", "gitver_hooks/__init__", "dulwich", "sitecustomize"):
        path = traps / f"{module}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("print('TRAPPED')\n")
    monkeypatch.setenv("PYTHONPATH", str(traps))
    monkeypatch.setenv("PYTHONHOME", "/nonexistent")
    monkeypatch.setenv("PATH", "/nonexistent")
    hook = installed(tmp_path / "hooks", "post-commit", sys.executable)
    done = run(hook, cwd=traps)
    assert done.returncode == 0
    assert "TRAPPED" not in done.stdout + done.stderr
    assert "not installed" not in done.stderr


def test_gitver_disable_keeps_the_hook_from_starting_anything(
    bin_folder: Path, called: Callable[[], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITVER_DISABLE", "1")
    done = run(HOOKS / "post-commit")
    assert (done.returncode, done.stderr, called()) == (0, "", [])


def test_a_hook_needs_no_standard_streams(
    bin_folder: Path, called: Callable[[], list[str]]
) -> None:
    done = subprocess.run(["/bin/sh", "-c", 'exec "$0" <&- >&- 2>&-', HOOKS / "post-commit"])
    assert (done.returncode, called()) == (0, ["hook post-commit"])


def test_the_hook_before_has_its_arguments_its_input_and_its_status(
    tmp_path: Path, bin_folder: Path, called: Callable[[], list[str]]
) -> None:
    hook = installed(tmp_path / "hooks", "post-rewrite", "", "../kept/post-rewrite")
    kept = installed(tmp_path / "kept", "post-rewrite", "")
    kept.write_text('#!/bin/sh\necho "$0|$*|$PYTHONPATH"\nread -r line; echo "$line"\nexit 41\n')
    done = run(hook, "rebase", "a b", env=os.environ | {"PYTHONPATH": "/app"})
    assert done.returncode == 41
    assert done.stdout.splitlines() == [
        f"{tmp_path}/hooks/../kept/post-rewrite|rebase a b|/app",
        "old new",
    ]
    assert called() == ["hook post-rewrite rebase a b"]


def test_a_hook_before_that_git_would_not_run_is_not_run(
    tmp_path: Path, bin_folder: Path, called: Callable[[], list[str]]
) -> None:
    hook = installed(tmp_path / "hooks", "post-commit", "", "../kept/post-commit")
    installed(tmp_path / "kept", "post-commit", "").chmod(0o644)
    done = run(hook)
    assert (done.returncode, done.stderr, called()) == (0, "", ["hook post-commit"])


def path_with_git(bin_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", f"{bin_folder}{os.pathsep}{os.defpath}")


def test_git_runs_them_through_core_hooks_path(
    git: Git, bin_folder: Path, called: Callable[[], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    path_with_git(bin_folder, monkeypatch)
    git("config", "core.hooksPath", str(HOOKS))
    first = git("rev-parse", "HEAD")
    second = git.commit("second", a="1")
    git("checkout", "-q", first)
    git("commit", "-q", "--amend", "-m", "other")
    assert called() == [
        "hook post-commit",
        f"hook post-checkout {second} {first} 1",
        "hook post-commit",
        "hook post-rewrite amend",
    ]


def test_git_runs_them_from_a_template(
    git: Git,
    tmp_path: Path,
    bin_folder: Path,
    called: Callable[[], list[str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path_with_git(bin_folder, monkeypatch)
    shutil.copytree(HOOKS, tmp_path / "template/hooks")
    git("config", "--global", "init.templateDir", str(tmp_path / "template"))
    git("clone", "-q", str(git.path), str(tmp_path / "clone"))
    head = git("rev-parse", "HEAD")
    assert called() == [f"hook post-checkout {'0' * 40} {head} 1"]
