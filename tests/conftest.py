"""What every test stands on: an isolated machine, fixed dates, and git itself."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

pytest_plugins = ["servers", "stores"]

_FOREIGN = ("GIT_", "MLFLOW_", "_MLFLOW_", "GITVER_", "PRE_COMMIT", "XDG_", "GITHUB_")
DATE = "2025-06-01T12:00:00+00:00"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.get_closest_marker("long"):
            item.add_marker(pytest.mark.timeout(3600))


@pytest.fixture(autouse=True)
def isolated(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of its own, no git or MLflow settings from the machine, fixed dates. The home."""
    for name in list(os.environ):
        if name.startswith(_FOREIGN):
            monkeypatch.delenv(name)
    for name in ("CI", "EMAIL", "PYTHONPATH"):
        monkeypatch.delenv(name, raising=False)
    home = tmp_path_factory.mktemp("home")
    (home / ".gitconfig").write_text(
        "[user]\n\tname = Test\n\temail = test@example.com\n"
        '[init]\n\tdefaultBranch = main\n[protocol "file"]\n\tallow = always\n'
        "[gc]\n\tauto = 0\n[maintenance]\n\tauto = false\n"
    )
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.setenv("GIT_AUTHOR_DATE", DATE)
    monkeypatch.setenv("GIT_COMMITTER_DATE", DATE)
    monkeypatch.setenv("GIT_TERMINAL_PROMPT", "0")
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    # The commands of the environment the tests run in, whether or not it was activated.
    commands = str(Path(sys.executable).parent)
    monkeypatch.setenv("PATH", os.pathsep.join([commands, os.environ["PATH"]]))
    # MLflow's client reports usage unless told not to.
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
    monkeypatch.setenv("DO_NOT_TRACK", "true")
    return home


class Git:
    """A worktree, and git's own command line in it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __call__(self, *arguments: str, check: bool = True, **environment: str) -> str:
        """Run ``git ARGUMENTS`` in the worktree; its standard output, without the last newline."""
        return self.run(*arguments, check=check, **environment).stdout.removesuffix("\n")

    def run(
        self, *arguments: str, check: bool = True, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            ["git", *arguments],
            cwd=self.path,
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            errors="surrogateescape",
            stdin=subprocess.DEVNULL,
        )
        if check and done.returncode:
            raise AssertionError(f"git {arguments} exited {done.returncode}: {done.stderr}")
        return done

    def write(self, name: str, content: str | bytes = "") -> Path:
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def commit(self, message: str = "change", **files: str) -> str:
        """Write the files, commit all there is, and return the id of the commit."""
        for name, content in files.items():
            self.write(name, content)
        self("add", "-A")
        self("commit", "-q", "--allow-empty", "-m", message)
        return self("rev-parse", "HEAD")


@pytest.fixture
def make_git(tmp_path: Path) -> Callable[..., Git]:
    """A factory of fresh repositories: ``make_git(name="app", *git-init-options)``."""

    def make(name: str = "app", *options: str) -> Git:
        path = tmp_path / name
        path.mkdir(parents=True)
        git = Git(path)
        git("init", "-q", *options)
        return git

    return make


@pytest.fixture
def git(make_git: Callable[..., Git]) -> Git:
    """A fresh repository with one commit of ``app.py``."""
    made = make_git()
    made.write("app.py", "print('hello')\n")
    made.commit("first")
    return made
