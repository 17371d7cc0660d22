"""Repositories in a worktree: their HEAD counts; only submodules' configuration is read."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable

import pytest
from support.contents import content_of
from support.git import Git
from support.oracle import oracle_tree


def make_hostile(nested: Git, marker: str) -> None:
    """Leave changes in a repository whose configuration runs a program for each of them."""
    nested("config", "filter.evil.clean", f"touch {marker}; cat")
    nested("config", "filter.evil.smudge", f"touch {marker}; cat")
    nested("config", "filter.evil.process", f"touch {marker}")
    nested.write(".git/info/attributes", "* filter=evil\n")
    nested.write("inside", "changed\n")


@pytest.mark.parametrize("place", ["untracked", "in place of a file", "below an untracked folder"])
def test_the_filters_of_a_repository_that_git_does_not_know_never_run(git: Git, place: str) -> None:
    name = {"untracked": "nested", "in place of a file": "a"}.get(place, "pkg/deep/nested")
    git.commit(a="1\n")
    (git.path / "a").unlink()
    nested = Git(git.path / name)
    nested.path.mkdir(parents=True)
    nested("init", "-q")
    nested.commit(inside="1\n")
    clean = content_of(git)
    marker = git.path.parent / "marker"
    make_hostile(nested, str(marker))
    content = content_of(git)
    assert content.digest == clean.digest
    assert content.submodules == ()
    assert not marker.exists()
    # Git's own `add` would run them neither.
    assert content.tree == oracle_tree(git.path)
    assert not marker.exists()


def test_configuration_of_an_unknown_repository_cannot_be_a_problem(git: Git) -> None:
    nested = Git(git.path / "nested")
    nested.path.mkdir()
    nested("init", "-q")
    commit = nested.commit(inside="1\n")
    nested.write(".git/config", "this is not [a configuration")
    (change,) = content_of(git).changes
    assert change.new is not None
    assert (change.path, change.new.id.decode()) == (b"nested", commit)


@pytest.mark.parametrize("name", ["HEAD", "refs/heads/main", "packed-refs"])
def test_a_pipe_in_an_unknown_repository_blocks_nothing(git: Git, name: str) -> None:
    nested = Git(git.path / "nested")
    nested.path.mkdir()
    nested("init", "-q")
    nested.commit(inside="1\n")
    if name == "packed-refs":
        (nested.path / ".git/refs/heads/main").unlink()
    (nested.path / ".git" / name).unlink(missing_ok=True)
    os.mkfifo(nested.path / ".git" / name)
    assert [change.path for change in content_of(git).changes] == [b"nested/inside"]


def test_the_head_of_an_unknown_repository_counts_however_it_is_stored(git: Git) -> None:
    nested = Git(git.path / "nested")
    nested.path.mkdir()
    nested("init", "-q")
    nested.commit(inside="1\n")
    first = content_of(git)
    nested("pack-refs", "--all")
    assert content_of(git).digest == first.digest == content_of(git).digest
    nested("checkout", "-q", "--detach")
    assert content_of(git).digest == first.digest
    nested.commit(inside="2\n")
    second = content_of(git)
    assert second.tree == oracle_tree(git.path) != first.tree


def test_clean_filters_of_a_submodule_run_as_git_status_runs_them_but_no_smudge_filter(
    make_git: Callable[..., Git],
) -> None:
    inner, git = make_git("inner"), make_git("outer")
    inner.write(".gitattributes", "*.x filter=mine\n")
    inner.commit(**{"a.x": "one\n"})
    git("submodule", "add", "-q", str(inner.path), "module")
    git.commit()
    module = Git(git.path / "module")
    marker = git.path.parent / "smudged"
    module("config", "filter.mine.clean", "tr A-Z a-z")
    module("config", "filter.mine.smudge", f"touch {marker}; tr a-z A-Z")
    module.write("a.x", "ONE\n")
    assert not content_of(git).dirty
    assert git("status", "--porcelain") == ""
    module.write("a.x", "TWO\n")
    assert content_of(git).dirty
    assert git("status", "--porcelain") == " M module"
    assert not marker.exists()


def test_a_removed_submodule_is_dirty_and_an_empty_one_is_not(make_git: Callable[..., Git]) -> None:
    inner, git = make_git("inner"), make_git("outer")
    inner.commit(inside="1\n")
    git("submodule", "add", "-q", str(inner.path), "module")
    git.commit()
    git("submodule", "deinit", "-q", "--all")
    assert not content_of(git).dirty
    (git.path / "module").rmdir()
    content = content_of(git)
    assert content.dirty
    assert content.tree == oracle_tree(git.path)
    shutil.rmtree(git.path / ".git" / "modules")
    assert content_of(git).tree == content.tree
