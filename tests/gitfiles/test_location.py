"""Where worktrees are: main, linked, submodules, and what hooks inherit."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from support.git import Git

from gitver_hooks.gitfiles.location import all_worktrees, find_location


def test_a_worktree_is_found_from_any_folder_inside(git: Git) -> None:
    (git.path / "deep" / "er").mkdir(parents=True)
    found = find_location(str(git.path / "deep" / "er"), os.environ)
    assert found is not None
    assert found.worktree == str(git.path)
    assert found.git_dir == found.common_dir == str(git.path / ".git")


def test_outside_a_worktree_there_is_no_location(tmp_path: Path) -> None:
    assert find_location(str(tmp_path), os.environ) is None


def test_a_linked_worktree_has_a_git_dir_of_its_own_and_shares_the_common_dir(git: Git) -> None:
    git("worktree", "add", "-q", "../linked")
    linked = Git(git.path.parent / "linked")
    found = find_location(str(linked.path), os.environ)
    assert found is not None
    assert found.worktree == str(linked.path)
    assert found.git_dir == linked("rev-parse", "--absolute-git-dir")
    assert found.common_dir == str(git.path / ".git")


def test_a_submodule_is_a_worktree_of_its_own(git: Git, make_git: type[Git]) -> None:
    inner = make_git("inner")  # type: ignore[arg-type]
    inner.commit("inner")
    git("submodule", "add", "-q", str(inner.path), "sub")
    found = find_location(str(git.path / "sub"), os.environ)
    assert found is not None
    assert found.worktree == str(git.path / "sub")
    assert found.git_dir == found.common_dir == str(git.path / ".git" / "modules" / "sub")


def test_variables_inherited_from_a_hook_do_not_hide_the_current_worktree(
    git: Git, make_git: type[Git], monkeypatch: pytest.MonkeyPatch
) -> None:
    other = make_git("other")  # type: ignore[arg-type]
    monkeypatch.setenv("GIT_DIR", str(other.path / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(other.path))
    found = find_location(str(git.path), os.environ)
    assert found is not None
    assert found.worktree == str(git.path)


def test_a_git_dir_elsewhere_is_found_by_the_variables(
    git: Git, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    moved = tmp_path / "elsewhere.git"
    (git.path / ".git").rename(moved)
    monkeypatch.setenv("GIT_DIR", str(moved))
    monkeypatch.setenv("GIT_WORK_TREE", str(git.path))
    found = find_location(str(git.path), os.environ)
    assert found is not None
    assert (found.worktree, found.git_dir) == (str(git.path), str(moved))


def test_all_worktrees_are_found_from_each_of_them(git: Git) -> None:
    git("worktree", "add", "-q", "../one")
    git("worktree", "add", "-q", "../two")
    folders = {str(git.path), str(git.path.parent / "one"), str(git.path.parent / "two")}
    for folder in folders:
        location = find_location(folder, os.environ)
        assert location is not None
        assert {other.worktree for other in all_worktrees(location, os.environ)} == folders
        assert all_worktrees(location, os.environ)[0].worktree == folder


def test_a_removed_worktree_is_not_listed(git: Git) -> None:
    git("worktree", "add", "-q", "../gone")
    os.rename(git.path.parent / "gone", git.path.parent / "renamed")
    location = find_location(str(git.path), os.environ)
    assert location is not None
    assert [other.worktree for other in all_worktrees(location, os.environ)] == [str(git.path)]
