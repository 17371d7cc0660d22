"""``gitver hook``: which events record, and which leave the worktree alone."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from support.git import Git
from support.stores import App, models

from gitver_hooks.commands.hook import run_hook
from gitver_hooks.common.package import IMPORT_DIR
from gitver_hooks.handover import launch
from gitver_hooks.installation.pre_commit import stage_of_pre_commit


def test_a_disabled_hook_does_nothing(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITVER_DISABLE", "1")
    app.commit("first")
    assert app.active is None
    assert models(app.store) == []


def test_it_prints_nothing_if_nothing_is_wrong(app: App) -> None:
    app.write("new.txt", "x")
    app("add", "-A")
    done = app.run("commit", "-q", "-m", "first")
    assert (done.stdout, done.stderr) == ("", "")


# Each takes 5 to 40 ms of CPU time to import, with what it imports itself.
SLOW_TO_IMPORT = (
    *("dulwich", "mlflow", "yaml", "dataclasses", "inspect", "logging", "subprocess"),
    *("pathlib", "urllib.parse", "shutil", "datetime", "argparse", "importlib.metadata"),
)


def test_a_new_clean_version_imports_nothing_slow(git: Git) -> None:
    git.commit("packed", **{"folder/file.py": "1\n"})
    git("gc", "-q")
    git.commit("new", **{"folder/file.py": "2\n"})
    program = (
        f"import sys; sys.path[:] = {[IMPORT_DIR, *sys.path]!r}\n"
        "from gitver_hooks.commands.hook import run_hook\n"
        "from gitver_hooks.handover import launch\n"
        "launch.start_deliverer = print\n"
        "run_hook('post-commit', [], {})\n"
        "assert 'gitver_hooks.recording.labels' in sys.modules\n"
        f"print(sorted(set({SLOW_TO_IMPORT!r}) & set(sys.modules)))\n"
    )
    # -S: the site-packages of a test environment may import anything.
    done = subprocess.run(
        [sys.executable, "-S", "-c", program], cwd=git.path, capture_output=True, text=True
    )
    assert done.stderr == ""
    assert done.stdout.splitlines()[-1] == "[]"


def test_a_wrong_setting_is_one_line_and_git_goes_on(app: App) -> None:
    app.write(".gitver.yaml", "wiat: 3\n")
    app("add", "-A")
    done = app.run("commit", "-q", "-m", "first")
    assert done.returncode == 0
    assert len(done.stderr.splitlines()) == 1
    assert "wiat" in done.stderr


def test_pre_commit_s_own_checkout_is_left_alone(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    app.commit("first")
    app.active_model_file.unlink()
    monkeypatch.setenv("_PRE_COMMIT_SKIP_POST_CHECKOUT", "1")
    app("checkout", "--", ".")
    assert app.active is None
    monkeypatch.delenv("_PRE_COMMIT_SKIP_POST_CHECKOUT")
    app("checkout", "--", ".")
    assert app.active is not None


def test_an_amended_commit_is_recorded_once(git: Git, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[str] = []
    monkeypatch.setattr(launch, "start_deliverer", lambda at, env, key: started.append(key))
    monkeypatch.chdir(git.path)
    run_hook("post-rewrite", ["amend"], os.environ)
    assert started == []
    run_hook("post-commit", [], os.environ)
    assert len(started) == 1


def test_a_bisect_waits_for_nothing_and_registers_nothing(app: App) -> None:
    first = app.commit("first")
    app.write(".git/info/unrelated", "")
    for number in range(4):
        app("commit", "-q", "--allow-empty", "-m", str(number), GITVER_DISABLE="1")
    app("bisect", "start", "HEAD", first)
    number = len(models(app.store))
    assert app.active is None
    app("bisect", "reset")
    assert number == 1


@pytest.mark.parametrize(
    ("environment", "stage"),
    [
        ({}, ("post-commit", [])),
        (
            {
                "PRE_COMMIT_CHECKOUT_TYPE": "1",
                "PRE_COMMIT_FROM_REF": "a",
                "PRE_COMMIT_TO_REF": "b",
            },
            ("post-checkout", ["a", "b", "1"]),
        ),
        ({"PRE_COMMIT_IS_SQUASH_MERGE": "0"}, ("post-merge", ["0"])),
        ({"PRE_COMMIT_REWRITE_COMMAND": "amend"}, ("post-rewrite", ["amend"])),
    ],
)
def test_the_stage_is_read_from_the_variables_of_pre_commit(
    environment: dict[str, str], stage: tuple[str, list[str]]
) -> None:
    assert stage_of_pre_commit(environment) == stage
