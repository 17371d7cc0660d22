"""Which of a few paths git tracks, in every format of the index."""

from __future__ import annotations

import os

import pytest
from support.git import Git

from gitver_hooks.gitfiles.tracked import first_tracked

FORMATS = {
    "version 2": ["update-index", "--index-version", "2"],
    "version 4": ["update-index", "--index-version", "4"],
    "split": ["update-index", "--split-index"],
    "sparse": ["sparse-checkout", "set", "--cone", "--sparse-index", "other"],
}


@pytest.mark.parametrize("command", FORMATS.values(), ids=FORMATS)
def test_tracked_paths_and_folders_are_found(git: Git, command: list[str]) -> None:
    names = ("mlflow.da", "mlflow.db", "folder/sub/file", "other/file", "links")
    git.commit(**dict.fromkeys(names, "1"))
    git(*command)
    git_dir = str(git.path / ".git")
    for name in (*names, "folder", "folder/sub", "other"):
        assert first_tracked(git_dir, [b"absent", os.fsencode(name)]) == os.fsencode(name)
    assert first_tracked(git_dir, [b"mlflow.d", b"folde", b"file", b"mlflow.db-wal"]) is None


def test_an_unmerged_path_is_tracked(git: Git) -> None:
    git("switch", "-q", "-c", "theirs")
    git.commit(**{"mlflow.db": "theirs"})
    git("switch", "-q", "main")
    git.commit(**{"mlflow.db": "ours"})
    git("merge", "-q", "theirs", check=False)
    assert first_tracked(str(git.path / ".git"), [b"mlflow.db"]) == b"mlflow.db"


def test_without_an_index_nothing_is_tracked(git: Git) -> None:
    (git.path / ".git/index").unlink()
    assert first_tracked(str(git.path / ".git"), [b"app.py"]) is None
