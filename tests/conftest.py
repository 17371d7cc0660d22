"""Fixtures for every test: an isolated home, fixed dates, and git repositories."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from support.git import Git
from support.locations import location_of

from gitver_hooks.gitfiles.location import Location

pytest_plugins = [
    "support.capture",
    "support.commands",
    "support.servers",
    "support.guarded_server",
    "support.faulty_servers",
    "support.sqlite_stores",
    "support.stores",
    "support.hooks",
    "support.releases",
    "support.registering",
    "support.sessions",
    "support.filesystems",
    "support.long_lived",
    "support.sequences",
]

_FOREIGN = ("GIT_", "MLFLOW_", "_MLFLOW_", "GITVER_", "PRE_COMMIT", "XDG_", "GITHUB_")
DATE = "2025-06-01T12:00:00+00:00"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.get_closest_marker("long"):
            item.add_marker(pytest.mark.timeout(3600))
            item.add_marker(pytest.mark.flaky(reruns=0))


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
    repository = make_git()
    repository.write("app.py", "print('hello')\n")
    repository.commit("first")
    return repository


@pytest.fixture
def location(git: Git) -> Location:
    """The location of ``git``."""
    return location_of(git.path)
