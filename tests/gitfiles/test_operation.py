"""What git has under way, held against git in the middle of it."""

from __future__ import annotations

import pytest
from support.git import Git

from gitver_hooks.gitfiles.operation import BISECT, REBASE, operation_under_way, rebased_branch


def git_dir(git: Git) -> str:
    return git("rev-parse", "--absolute-git-dir")


@pytest.fixture
def diverged(git: Git) -> Git:
    """``topic`` and ``main``, which conflict; topic is checked out."""
    git("checkout", "-q", "-b", "topic")
    git.commit("topic", **{"app.py": "topic\n"})
    git("checkout", "-q", "main")
    git.commit("main", **{"app.py": "main\n"})
    git("checkout", "-q", "topic")
    return git


def test_usually_no_operation_is_under_way(git: Git) -> None:
    assert operation_under_way(git_dir(git)) is None
    assert rebased_branch(git_dir(git)) is None


@pytest.mark.parametrize("backend", ["--merge", "--apply"])
def test_a_rebase_stopped_by_a_conflict_is_under_way(diverged: Git, backend: str) -> None:
    diverged.run("rebase", backend, "main", check=False)
    assert operation_under_way(git_dir(diverged)) == REBASE
    assert rebased_branch(git_dir(diverged)) == "topic"
    diverged("rebase", "--abort")
    assert operation_under_way(git_dir(diverged)) is None


def test_a_merge_stopped_by_a_conflict_is_no_operation(diverged: Git) -> None:
    diverged.run("merge", "main", check=False)
    assert operation_under_way(git_dir(diverged)) is None


def test_an_am_stopped_by_a_conflict_is_no_operation(diverged: Git) -> None:
    patch = diverged.write("../topic.patch", diverged("format-patch", "-1", "--stdout") + "\n")
    diverged("checkout", "-q", "main")
    assert diverged.run("am", "-q", str(patch), check=False).returncode != 0
    assert operation_under_way(git_dir(diverged)) is None
    diverged("am", "--abort")


def test_a_bisect_is_under_way(git: Git) -> None:
    first = git("rev-parse", "HEAD")
    for number in range(3):
        git.commit(str(number))
    git("bisect", "start", "HEAD", first)
    assert operation_under_way(git_dir(git)) == BISECT
    git("bisect", "reset")
    assert operation_under_way(git_dir(git)) is None


def test_a_linked_worktree_has_an_operation_of_its_own(diverged: Git) -> None:
    diverged("worktree", "add", "-q", "--detach", "../linked", "topic")
    linked = Git(diverged.path.parent / "linked")
    linked.run("rebase", "main", check=False)
    assert operation_under_way(git_dir(linked)) == REBASE
    assert operation_under_way(git_dir(diverged)) is None
