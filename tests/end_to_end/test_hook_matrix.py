"""The hook matrix: for each git operation what fires, what is registered, what the file says."""

# ruff: noqa: E501 - a matrix is read by its rows.
from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from support.background import SettledGit, wait_for_background
from support.git import Git
from support.hooks import put
from support.locations import location_of
from support.stores import is_version, ready_versions

from gitver_hooks.gitfiles.location import ACTIVE_MODEL_FILE
from gitver_hooks.installation import install
from gitver_hooks.installation.hook_files import NAMES

# Notes what fired; of post-checkout whether it came from nowhere, from elsewhere or from here.
NOTE = """\
#!/bin/sh
name=${0##*/}
if [ "$name" = post-checkout ]; then
    case $1 in *[!0]*) from=elsewhere ;; *) from=nowhere ;; esac
    [ "$1" != "$2" ] || from=here
    echo "$name $from $3" >>"$FIRED"
else
    echo "$name${1:+ $1}" >>"$FIRED"
fi
"""
CHECKOUT = "post-checkout elsewhere 1"


@dataclass(frozen=True)
class Row:
    """One git operation. ``registered``: the revisions that get a LoggedModel.

    ``active``: the revision whose model the file names afterwards; "" where there is no file. With
    ``warm`` the version before the operation has been recorded, ``where`` is the worktree in which
    to look, relative to the folder that holds the repository.
    """

    name: str
    operate: Callable[[Git], object]
    fired: list[str]
    registered: tuple[str, ...] = ("HEAD",)
    active: str = "HEAD"
    prepare: Callable[[Git], object] = lambda git: None
    warm: bool = False
    where: str = "app"


def run(*commands: str, failing: bool = False) -> Callable[[Git], None]:
    """Run git commands, given as words; with ``failing`` the last one stops for a conflict."""

    def operate(git: Git) -> None:
        for command in commands:
            expect_failure = failing and command == commands[-1]
            done = git.run(*command.split(), check=not expect_failure)
            assert bool(done.returncode) == expect_failure, (command, done.stderr)

    return operate


def edit(git: Git) -> None:
    git.write("app.py", "print('edited')\n")


def stage(git: Git) -> None:
    edit(git)
    git("add", "app.py")


def conflict(command: str) -> Callable[[Git], None]:
    """Commit another app.py than topic's, run the command into the conflict, and resolve it."""

    def prepare(git: Git) -> None:
        git.commit("ours", **{"app.py": "print('ours')\n"})
        run(command, failing=True)(git)
        stage(git)

    return prepare


def rebase_into_a_conflict(git: Git) -> None:
    git.commit("ours", **{"app.py": "print('ours')\n"})
    run("checkout -q topic")(git)
    run("rebase -q main", failing=True)(git)
    stage(git)


def upstream(git: Git) -> None:
    """Let ``git pull`` find a commit more."""
    git("clone", "-q", str(git.path), "../upstream")
    Git(git.path.parent / "upstream").commit("upstream", upstream="1")
    git("remote", "add", "origin", "../upstream")
    git("fetch", "-q")
    git("branch", "-q", "-u", "origin/main")


def diverge(git: Git) -> None:
    upstream(git)
    git.commit("diverge", local="1")


def patches(git: Git) -> None:
    git("format-patch", "-q", "-o", "../patches", "main..topic")


def apply_patches(git: Git) -> None:
    git("am", "-q", *sorted(str(path) for path in (git.path.parent / "patches").iterdir()))


def clone(git: Git) -> None:
    template = git.path.parent / "template"
    for folder in ("hooks", "hooks.before-gitver"):
        shutil.copytree(git.path / ".git" / folder, template / folder, symlinks=True)
    git("clone", "-q", f"--template={template}", str(git.path), "../clone")


PICK = "post-commit"
AMEND = ["post-commit", "post-rewrite amend"]
# `rebase --apply` checks out what it rebases onto before git shows any sign of a rebase; so that
# is recorded like any other checkout, and is known already where it was ever run.
REBASE = [CHECKOUT, PICK, PICK, "post-rewrite rebase"]

ROWS = [
    Row("commit", run("commit -qm x"), [PICK], prepare=stage),
    Row("commit --no-verify", run("commit -qnm x"), [PICK], prepare=stage),
    Row("commit --allow-empty", run("commit -qm x --allow-empty"), [PICK]),
    Row("commit --amend", run("commit -q --amend --no-edit"), AMEND, prepare=stage),
    Row("merge", run("merge -q --no-edit topic"), ["post-merge 0"]),
    Row("fast-forward", run("merge -q --ff-only topic"), ["post-merge 0"], prepare=run("reset -q --hard HEAD^")),
    Row("merge --squash", run("merge -q --squash topic"), ["post-merge 1"], registered=("DIRTY",), active="DIRTY"),
    Row("pull", run("pull -q"), ["post-merge 0"], prepare=upstream),
    Row("pull into a merge", run("pull -q --no-rebase --no-edit"), ["post-merge 0"], prepare=diverge),
    Row("pull --rebase", run("pull -q --rebase"), [CHECKOUT, PICK, "post-rewrite rebase"], prepare=diverge),
    Row("conflict finished by commit", run("commit -q --no-edit"), [PICK], prepare=conflict("merge -q topic")),
    Row("cherry-pick", run("cherry-pick topic"), [PICK]),
    Row("cherry-pick of two", run("cherry-pick main..topic"), [PICK, PICK], registered=("HEAD", "HEAD^")),
    Row("revert", run("revert --no-edit HEAD"), [PICK]),
    Row("checkout", run("checkout -q topic"), [CHECKOUT]),
    Row("checkout, detached", run("checkout -q topic^0"), [CHECKOUT]),
    Row("switch", run("switch -q topic"), [CHECKOUT]),
    Row("checkout of the same branch", run("checkout -q main"), ["post-checkout here 1"]),
    Row("checkout of a new branch", run("checkout -q -b new"), ["post-checkout here 1"]),
    Row("checkout of a file", run("checkout -q -- app.py"), ["post-checkout here 0"], prepare=edit),
    Row("checkout of another commit's file", run("checkout -q topic -- app.py"), ["post-checkout here 0"], registered=("DIRTY",), active="DIRTY"),
    Row("restore", run("restore app.py"), ["post-checkout here 0"], prepare=edit),
    Row("clone with a template", clone, ["post-checkout nowhere 1"], where="clone"),
    Row("worktree add", run("worktree add -q ../linked topic"), ["post-checkout nowhere 1"], registered=("topic",), where="linked"),
    Row("rebase", run("rebase -q main"), REBASE, prepare=run("checkout -q topic")),
    Row("rebase --apply", run("rebase -q --apply main"), [CHECKOUT, "post-applypatch", "post-applypatch", "post-rewrite rebase"], registered=("HEAD", "main"), prepare=run("checkout -q topic")),
    Row("rebase without a pick", run("rebase -q topic"), [CHECKOUT], prepare=run("reset -q --hard topic~2")),
    Row("rebase --apply without a pick", run("rebase -q --apply topic"), [CHECKOUT], prepare=run("reset -q --hard topic~2")),
    Row("rebase onto itself", run("rebase -q HEAD^"), [], registered=(), active=""),
    Row("rebase over a conflict", run("rebase --continue"), [PICK, "post-rewrite rebase"], prepare=rebase_into_a_conflict),
    Row("rebase given up", run("rebase --abort"), [], registered=(), active="", prepare=rebase_into_a_conflict),
    Row("am", apply_patches, ["post-applypatch", "post-applypatch"], registered=("HEAD", "HEAD^"), prepare=patches),
    Row("bisect", run("bisect start", "bisect bad topic", "bisect good topic~2"), [CHECKOUT], registered=(), active=""),
    Row("stash", run("stash -q"), [], prepare=edit, registered=(), active="DIRTY", warm=True),
    Row("reset --hard", run("reset -q --hard HEAD^"), [], registered=(), active="HEAD@{1}", warm=True),
    Row("update-ref", run("update-ref refs/heads/main topic"), [], registered=(), active="HEAD@{1}", warm=True),
]  # fmt: skip


@pytest.fixture
def git(git: Git) -> Git:
    """The repository, each git command waiting for what its hooks start."""
    return SettledGit(git.path)


@pytest.fixture
def fired(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where hooks note what fired. No editor opens."""
    path = tmp_path / "fired"
    monkeypatch.setenv("FIRED", str(path))
    monkeypatch.setenv("GIT_EDITOR", "true")
    return path


@pytest.fixture
def repository(git: Git, fired: Path) -> Git:
    """On main: first, second. On topic, from first: one, two."""
    git("checkout", "-q", "-b", "topic")
    git.commit("one", one="1")
    git.commit("two", **{"app.py": "print('topic')\n"})
    git("checkout", "-q", "main")
    git.commit("second", second="2")
    return git


def put_hooks(git: Git) -> None:
    """Ours, after hooks that note what fires."""
    for name in NAMES:
        put(git.path / ".git/hooks" / name, NOTE)
    install.install(location_of(git.path), os.environ)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_each_operation_runs_the_expected_hooks(
    row: Row, repository: Git, fired: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    row.prepare(repository)
    put_hooks(repository)
    monkeypatch.setenv("GITVER_DISABLE", "1")
    row.operate(repository)
    assert (fired.read_text().splitlines() if fired.exists() else []) == row.fired


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_each_operation_registers_the_right_version(
    row: Row, repository: Git, pristine_store: Path
) -> None:
    row.prepare(repository)
    shutil.copy(pristine_store, repository.path / "mlflow.db")
    put_hooks(repository)
    if row.warm:
        repository("hook", "run", "post-commit")
    known = ready_versions(repository.path)
    assert len(known) == row.warm
    row.operate(repository)
    worktree = repository.path.parent / row.where
    wait_for_background(worktree)
    found = ready_versions(worktree)
    new = [found[model] for model in found.keys() - known.keys()]
    here = Git(worktree)
    assert len(new) == len(row.registered)
    for revision in row.registered:
        assert [v for v in new if is_version(v, revision, here)], (revision, new)
    file = worktree / ACTIVE_MODEL_FILE
    assert file.exists() == bool(row.active)
    if row.active:
        assert is_version(found[file.read_text().strip()], row.active, here)


def test_neither_the_code_nor_the_variables_of_the_app_hijack_the_recording(
    git: Git, pristine_store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trapped = tmp_path / "trapped"
    for module in ("json", "argparse", "sqlite3", "yaml", "gitver_hooks/__init__", "mlflow"):
        git.write(f"{module}.py", f"open({str(trapped)!r}, 'w').write({module!r})\n")
    shutil.copy(pristine_store, git.path / "mlflow.db")
    put_hooks(git)
    monkeypatch.setenv("PYTHONPATH", str(git.path))
    monkeypatch.setenv("PYTHONHOME", "/nonexistent")
    git("add", "*.py")
    git("commit", "-q", "-m", "traps")
    (version,) = ready_versions(git.path).values()
    assert is_version(version, "HEAD", git)
    assert not trapped.exists()
