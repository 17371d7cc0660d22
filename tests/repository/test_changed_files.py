"""The files that a commit changed, compared with `git diff-tree`."""

from __future__ import annotations

import os

from support.git import Git

from gitver_hooks.repository.changed_files import changed_files, read_commit
from gitver_hooks.repository.repository import open_repository


def changed(git: Git, revision: str) -> list[str]:
    with open_repository(git.path, os.environ) as repository:
        commit = read_commit(repository, bytes.fromhex(git("rev-parse", revision)))
        assert commit is not None
        return [
            f"{each.letter}\t{os.fsdecode(each.path)}" for each in changed_files(repository, commit)
        ]


def git_says(git: Git, revision: str) -> list[str]:
    output = git(
        *("-c", "core.quotePath=false", "diff-tree", "-r", "--root", "--no-commit-id"),
        *("--name-status", "--no-renames", revision),
    )
    return [line.replace("T\t", "M\t") for line in output.splitlines()]


def test_changes_are_those_of_git(git: Git) -> None:
    git.commit("many", **{"a/b/c": "1", "a/b/d": "2", "a.txt": "3", "x": "4", "é": "5"})
    git.commit("changes", **{"a/b/c": "changed", "new/file": "6"})
    git("rm", "-q", "a/b/d", "x")
    git.commit("a folder in the place of a file", **{"x/y": "7"})
    git("rm", "-q", "-r", "a")
    (git.path / "a").symlink_to("a.txt")
    git.commit("a link in the place of a folder")
    git("mv", "a.txt", "renamed.txt")
    git.commit("renamed")
    for number in range(5):
        assert sorted(changed(git, f"HEAD~{number}")) == sorted(git_says(git, f"HEAD~{number}"))
    assert changed(git, "HEAD~5") == git_says(git, "HEAD~5")
