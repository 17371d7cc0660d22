"""The ready-made hook scripts, run directly and by git, in sound and broken environments."""

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

from gitver_hooks.handover.environment import is_disabled
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
    hook.write_bytes(hook_files.hook_text(interpreter, before))
    hook.chmod(0o755)
    return hook


def test_the_folder_contains_an_executable_hook_for_each_event_and_nothing_else() -> None:
    assert {path.name for path in HOOKS.iterdir()} == set(hook_files.NAMES) == set(ARGUMENTS)
    assert all(os.access(path, os.X_OK) for path in HOOKS.iterdir())


def test_all_hooks_have_the_same_text() -> None:
    assert len({path.read_bytes() for path in HOOKS.iterdir()}) == 1


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("hooks/post-merge", "post-merge"),
        ("hooks/post-merge.legacy", "post-merge"),
        ("hooks/post-merge.d/50-gitver", "post-merge"),
        ("hooks.d/post-merge/gitver", "post-merge"),
    ],
)
@pytest.mark.parametrize("kind", ["file", "link"])
def test_a_hook_takes_its_name_from_its_path(
    path: str,
    name: str,
    kind: str,
    tmp_path: Path,
    bin_folder: Path,
    called: Callable[[], list[str]],
) -> None:
    hook = tmp_path / path
    hook.parent.mkdir(parents=True)
    if kind == "link":
        hook.symlink_to(HOOKS / "post-commit")
    else:
        shutil.copy(HOOKS / "post-commit", hook)
    assert run(hook, "0").returncode == 0
    assert called() == [f"hook {name} 0"]


def test_a_hook_in_the_current_folder_takes_its_name_from_its_file(
    tmp_path: Path, bin_folder: Path, called: Callable[[], list[str]]
) -> None:
    shutil.copy(HOOKS / "post-commit", tmp_path / "post-rewrite")
    shell = shutil.which("sh", path=os.defpath)
    assert shell
    assert run(Path(shell), "post-rewrite", "amend", cwd=tmp_path).returncode == 0
    assert called() == ["hook post-rewrite amend"]


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
    result = run(Path(program), options, str(HOOKS / name), *ARGUMENTS[name])
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
    assert called() == [" ".join(["hook", name, *ARGUMENTS[name]])]


@pytest.mark.parametrize("status", ["1", "3", "127", "130"])
def test_a_hook_succeeds_whatever_gitver_returns(
    status: str, bin_folder: Path, called: Callable[[], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITVER_STATUS", status)
    result = run(HOOKS / "post-checkout", *ARGUMENTS["post-checkout"])
    assert (result.returncode, result.stderr) == (0, "")
    assert len(called()) == 1


@pytest.mark.parametrize("name", hook_files.NAMES)
def test_a_hook_without_gitver_prints_one_line_and_succeeds(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    result = run(HOOKS / name, *ARGUMENTS[name])
    assert result.returncode == 0
    assert len(result.stderr.splitlines()) == 1
    assert "pip install gitver-hooks" in result.stderr


def test_a_hook_without_its_interpreter_falls_back_to_gitver_on_path(
    tmp_path: Path, bin_folder: Path, called: Callable[[], list[str]]
) -> None:
    hook = installed(tmp_path / "hooks", "post-merge", "/nonexistent/bin/python")
    result = run(hook, "1")
    assert (result.returncode, result.stderr, called()) == (0, "", ["hook post-merge 1"])


def test_a_hook_whose_interpreter_has_lost_gitver_falls_back_to_gitver_on_path(
    tmp_path: Path, bin_folder: Path, called: Callable[[], list[str]]
) -> None:
    venv.create(tmp_path / "empty")
    hook = installed(tmp_path / "hooks", "post-merge", str(tmp_path / "empty/bin/python"))
    result = run(hook, "1")
    assert (result.returncode, result.stderr, called()) == (0, "", ["hook post-merge 1"])


def test_an_interpreter_with_a_quote_and_spaces_in_its_path_is_used(
    tmp_path: Path, bin_folder: Path, called: Callable[[], list[str]]
) -> None:
    python = tmp_path / "it's a 'python' $HOME"
    python.write_text('#!/bin/sh\nshift 3\necho "$*"\n')
    python.chmod(0o755)
    result = run(installed(tmp_path / "hooks", "post-merge", str(python)), "1")
    assert (result.returncode, result.stdout, called()) == (0, "hook post-merge 1\n", [])


def test_modules_in_the_current_folder_or_in_pythonpath_are_not_imported(
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
    result = run(hook, cwd=traps)
    assert result.returncode == 0
    assert "TRAPPED" not in result.stdout + result.stderr
    assert "not installed" not in result.stderr


@pytest.mark.parametrize("value", [None, "", "0", "1", "00", "false", "yes"])
def test_gitver_disable_means_the_same_to_the_hook_and_to_python(
    value: str | None,
    bin_folder: Path,
    called: Callable[[], list[str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if value is not None:
        monkeypatch.setenv("GITVER_DISABLE", value)
    result = run(HOOKS / "post-commit")
    assert (result.returncode, result.stderr) == (0, "")
    assert bool(called()) == (value in (None, "", "0"))
    assert is_disabled(os.environ) == (value not in (None, "", "0"))


def test_a_hook_needs_no_standard_streams(
    bin_folder: Path, called: Callable[[], list[str]]
) -> None:
    result = subprocess.run(["/bin/sh", "-c", 'exec "$0" <&- >&- 2>&-', HOOKS / "post-commit"])
    assert (result.returncode, called()) == (0, ["hook post-commit"])


def test_the_kept_hook_gets_arguments_and_input_and_its_status_is_returned(
    tmp_path: Path, bin_folder: Path, called: Callable[[], list[str]]
) -> None:
    hook = installed(tmp_path / "hooks", "post-rewrite", "", "../kept/post-rewrite")
    kept = installed(tmp_path / "kept", "post-rewrite", "")
    kept.write_text('#!/bin/sh\necho "$0|$*|$PYTHONPATH"\nread -r line; echo "$line"\nexit 41\n')
    result = run(hook, "rebase", "a b", env=os.environ | {"PYTHONPATH": "/app"})
    assert result.returncode == 41
    assert result.stdout.splitlines() == [
        f"{tmp_path}/hooks/../kept/post-rewrite|rebase a b|/app",
        "old new",
    ]
    assert called() == ["hook post-rewrite rebase a b"]


def test_a_kept_hook_that_is_not_executable_does_not_run(
    tmp_path: Path, bin_folder: Path, called: Callable[[], list[str]]
) -> None:
    hook = installed(tmp_path / "hooks", "post-commit", "", "../kept/post-commit")
    installed(tmp_path / "kept", "post-commit", "").chmod(0o644)
    result = run(hook)
    assert (result.returncode, result.stderr, called()) == (0, "", ["hook post-commit"])


def path_with_git(bin_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", f"{bin_folder}{os.pathsep}{os.defpath}")


def test_git_runs_the_hooks_from_core_hooks_path(
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


def test_git_runs_the_hooks_from_a_template(
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
