"""`gitver diff`: git's own diff between any two versions."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from support.commands import Done
from support.git import Git
from support.keeping import keep_version

from gitver_hooks.commands.diff import split


class Diff:
    """Runs `gitver diff`; what git prints is what the test process prints."""

    def __init__(self, gitver: Callable[..., Done], captured: pytest.CaptureFixture[str]) -> None:
        self._gitver, self._captured = gitver, captured
        self.status = 0
        self.stderr = ""

    def __call__(self, folder: Path, *arguments: str) -> str:
        self._captured.readouterr()
        done = self._gitver(folder, "diff", *arguments)
        self.status, self.stderr = done.returncode, done.stderr
        return self._captured.readouterr().out


@pytest.fixture
def diff(
    gitver: Callable[..., Done],
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Diff:
    monkeypatch.setenv("GIT_PAGER", "cat")
    return Diff(gitver, capfd)


class Edited(Git):
    """A repository with a kept version whose edits have been taken back."""

    version = ""


@pytest.fixture
def edited(git: Git) -> Edited:
    """A commit, and a kept version with an edit and a new file."""
    git.write("app.py", "one\n")
    git.write("new.py", "new\n")
    made = Edited(git.path)
    made.version = keep_version(git).id
    git("checkout", "-q", "app.py")
    (git.path / "new.py").unlink()
    return made


def test_a_dirty_version_is_compared_with_a_commit(edited: Edited, diff: Diff) -> None:
    tree = edited("rev-parse", f"refs/gitver/{edited.version}^{{tree}}")
    assert diff(edited.path, "HEAD", edited.version) == edited("diff", "HEAD", tree) + "\n"
    assert diff(edited.path, "HEAD", "HEAD") == ""


def test_the_worktree_is_the_default_with_its_untracked_files(edited: Edited, diff: Diff) -> None:
    edited.write("new.py", "newer\n")
    edited.write("ignored.log", "x\n")
    edited.write(".git/info/exclude", "*.log\n")
    index = (edited.path / ".git" / "index").read_bytes()
    assert diff(edited.path, edited.version, "--name-status") == "M\tapp.py\nM\tnew.py\n"
    assert diff(edited.path, "HEAD", "@dirty", "--name-status") == "A\tnew.py\n"
    assert (edited.path / ".git" / "index").read_bytes() == index
    edited("config", "gitver.untracked", "ignore")
    assert diff(edited.path, "HEAD", "--name-status") == ""


def test_options_and_paths_go_to_git(edited: Edited, diff: Diff) -> None:
    version = edited.version
    assert "2 files changed" in diff(edited.path, "HEAD", version, "--stat")
    assert "2 files changed" in diff(edited.path, "HEAD", version, "--", "--stat")
    assert diff(edited.path, "HEAD", version, "--name-only", "--", "new.py") == "new.py\n"
    assert "-one" in diff(edited.path, version, "--", "app.py")
    assert diff(edited.path, version, "--", "nothing") == ""
    diff(edited.path, "HEAD", version, "--quiet")
    assert diff.status == 1


@contextmanager
def terminal() -> Iterator[None]:
    """The standard output of programs that are started is a terminal."""
    master, slave = os.openpty()
    output = os.dup(1)
    os.dup2(slave, 1)
    try:
        yield
    finally:
        os.dup2(output, 1)
        for descriptor in (master, slave, output):
            os.close(descriptor)


def test_the_users_pager_shows_it_and_may_be_left_early(
    git: Git, gitver: Callable[..., Done], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    git.write("app.py", "edited\n" * 100_000)
    monkeypatch.setenv("GIT_PAGER", f"sed s/^/paged:/ >{tmp_path}/shown")
    with terminal():
        assert gitver(git.path, "diff", "HEAD").returncode == 0
    shown = (tmp_path / "shown").read_text()
    assert shown.startswith("paged:")
    assert shown.count("edited") == 100_000
    assert "\x1b[32m" in shown, "it has the colours of a terminal"
    # git ends by a signal then.
    monkeypatch.setenv("GIT_PAGER", "true")
    with terminal():
        assert gitver(git.path, "diff", "HEAD").returncode == 0


def test_paths_are_relative_to_the_current_folder(git: Git, diff: Diff) -> None:
    git.commit("folder", **{"folder/inner.py": "1\n", "app.py": "2\n"})
    shown = diff(git.path / "folder", "HEAD~1", "HEAD", "--name-only", "--", "inner.py")
    assert shown == "folder/inner.py\n"


def test_files_that_were_not_kept_are_named(git: Git, diff: Diff) -> None:
    git.write(".env", "KEY=1\n")
    version = keep_version(git).id
    assert diff(git.path, version, "HEAD") == ""
    assert ".env was not kept: it looks like a secret" in diff.stderr


def test_an_unknown_version_fails_in_one_line(
    git: Git, diff: Diff, sqlite_store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{sqlite_store}")
    assert diff(git.path, "HEAD", "nothing") == ""
    assert diff.status == 1
    (line,) = diff.stderr.splitlines()
    assert "nothing is neither a commit here" in line


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ([], ("@dirty", [])),
        (["B"], ("B", [])),
        (["--stat"], ("@dirty", ["--stat"])),
        (["B", "--stat", "--", "x"], ("B", ["--stat", "--", "x"])),
        (["--", "x"], ("@dirty", ["--", "x"])),
        (["B", "--", "--stat"], ("B", ["--stat"])),
        (["B", "--", "--stat", "--", "x"], ("B", ["--stat", "--", "x"])),
    ],
)
def test_versions_are_split_from_the_options_of_git(
    words: list[str], expected: tuple[str, list[str]]
) -> None:
    assert split(["A", *words]) == ("A", *expected)


@pytest.mark.parametrize("words", [[], ["--stat"], ["--", "A"]])
def test_the_first_word_is_a_version(words: list[str], git: Git, diff: Diff) -> None:
    assert diff(git.path, *words) == ""
    assert diff.status == 1
    assert len(diff.stderr.splitlines()) == 1
