"""A store that git tracks counts only if the user names it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from support.git import Git

from gitver_hooks.common.errors import GitverError
from gitver_hooks.registry.tracked_store import worktree_tracking
from gitver_hooks.repository.repository import open_repository
from gitver_hooks.settings import NotAllowed, load_settings


def store_of(path: Path) -> str:
    with open_repository(path, os.environ) as repository:
        return worktree_tracking(repository, load_settings(repository)).uri


@pytest.fixture
def linked(git: Git) -> Git:
    git("worktree", "add", "-q", "--detach", "../linked")
    return Git(git.path.parent / "linked")


@pytest.mark.parametrize(
    "name", ["mlflow.db", "mlflow.db-journal", "mlflow.db-wal", "mlruns/0/meta.yaml"]
)
def test_a_default_store_that_git_tracks_is_refused(git: Git, linked: Git, name: str) -> None:
    git.write(name, "x")
    git("add", "-f", name)
    for worktree in (git, linked):
        with pytest.raises(NotAllowed, match=r"git tracks mlflow\.db|git tracks mlruns"):
            store_of(worktree.path)


def test_a_tracked_file_beside_the_store_does_no_harm(git: Git, linked: Git) -> None:
    git.commit(**{"mlflow.db.py": "1", "sub/mlflow.db": "1", "mlruns/notes.txt": "1"})
    linked.commit(**{"mlflow.db": "1"})
    for worktree in (git, linked):
        assert store_of(worktree.path) == f"sqlite:///{git.path}/mlflow.db"


@pytest.mark.parametrize("name", ["mlflow.db", "mlruns/0/meta.yaml"])
def test_a_tracked_store_that_the_user_names_is_used(
    git: Git, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    git.commit(**{name: "1"})
    named = "mlruns" if "/" in name else f"sqlite:///{git.path}/mlflow.db"
    uri = (git.path / "mlruns").as_uri() if "/" in name else named
    git("config", "gitver.trackingUri", named)
    assert store_of(git.path) == uri
    git("config", "--unset", "gitver.trackingUri")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    assert store_of(git.path) == uri


def test_a_tracked_store_that_the_tree_names_is_refused_although_its_name_is_allowed(
    git: Git,
) -> None:
    git.commit(**{".gitver.yaml": "tracking_uri: sqlite:///data/store.db\n"})
    git("config", "gitver.allowed", "tracking_uri=sqlite:///data/store.db")
    assert store_of(git.path) == f"sqlite:///{git.path}/data/store.db"
    git.commit(**{"data/store.db-journal": "1"})
    with pytest.raises(NotAllowed, match=r"git tracks data/store\.db-journal"):
        store_of(git.path)


def test_a_submodule_in_the_place_of_the_store_is_refused(
    git: Git, make_git: Callable[..., Git]
) -> None:
    inner = make_git("inner")
    inner.commit(**{"0/meta.yaml": "1"})
    add = ("-c", "protocol.file.allow=always", "submodule", "add", "-q")
    git(*add, str(inner.path), "mlruns")
    with pytest.raises(NotAllowed, match="git tracks mlruns"):
        store_of(git.path)


def test_an_index_that_cannot_be_read_is_an_error(git: Git) -> None:
    git("update-index", "--index-version", "4")
    index = git.path / ".git/index"
    index.write_bytes(index.read_bytes()[:40])
    with pytest.raises(GitverError, match="index cannot be read"):
        store_of(git.path)
