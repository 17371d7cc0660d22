"""Changes of submodules and nested repositories make a snapshot stale."""

from __future__ import annotations

import shutil
from collections.abc import Callable

import pytest
from support.git import Git
from support.snapshots import fresh, remember, settle, snapshot_of


def test_changes_in_submodules_count(make_git: Callable[..., Git]) -> None:
    inner = make_git("inner")
    inner.commit(inside="1\n")
    git = make_git("outer")
    git("submodule", "add", "-q", str(inner.path), "module")
    git.commit()
    version = remember(git)
    assert fresh(git) == version
    git.write("module/inside", "2\n")
    assert fresh(git) is None
    second = remember(git)
    assert second != version
    Git(git.path / "module")("commit", "-q", "-a", "-m", "inner")
    assert fresh(git) is None


def test_an_empty_submodule_folder_that_becomes_a_repository_makes_it_stale(git: Git) -> None:
    nested = Git(git.path / "sub")
    nested.path.mkdir()
    nested("init", "-q")
    nested.commit("inner", inside="x")
    git.commit("with a link to it")
    shutil.rmtree(nested.path)
    nested.path.mkdir()
    before = remember(git)
    nested("init", "-q")
    nested.commit("another", inside="y")
    assert fresh(git) is None
    assert remember(git) != before


@pytest.fixture
def outer(make_git: Callable[..., Git]) -> Git:
    """A clone of a repository with the submodules ``module`` and ``deep/module``, not filled."""
    inner, first = make_git("inner"), make_git("first")
    inner.commit(inside="1\n")
    for path in ("module", "deep/module"):
        first("submodule", "add", "-q", str(inner.path), path)
    first.commit()
    first("clone", "-q", str(first.path), str(first.path.parent / "outer"))
    return Git(first.path.parent / "outer")


def remove_empty_folder(git: Git) -> None:
    (git.path / "module").rmdir()


def remove_parent_folder(git: Git) -> None:
    shutil.rmtree(git.path / "deep")


def replace_folder_by_ignored_file(git: Git) -> None:
    (git.path / "module").rmdir()
    git.write("module", "1\n")


@pytest.mark.parametrize(
    "change", [remove_empty_folder, remove_parent_folder, replace_folder_by_ignored_file]
)
def test_a_removed_submodule_folder_makes_it_stale(
    outer: Git, change: Callable[[Git], None]
) -> None:
    outer.write(".git/info/exclude", "module\n")
    version = remember(outer)
    assert fresh(outer) == version
    change(outer)
    assert fresh(outer) is None
    assert remember(outer) != version


def test_a_submodule_that_is_deinitialised_and_removed_makes_it_stale(outer: Git) -> None:
    outer("submodule", "update", "-q", "--init")
    remember(outer)
    outer("submodule", "deinit", "-q", "-f", "module")
    assert fresh(outer) is None
    version = remember(outer)
    assert fresh(outer) == version
    (outer.path / "module").rmdir()
    assert fresh(outer) is None


def test_a_renewed_snapshot_still_covers_the_submodule_folder(outer: Git) -> None:
    outer.write(".git/info/exclude", "*.log\n")
    version = remember(outer)
    outer.write("run.log", "1\n")
    settle()
    before = snapshot_of(outer)
    assert fresh(outer) == version
    assert snapshot_of(outer) != before
    (outer.path / "module").rmdir()
    assert fresh(outer) is None


def test_the_first_commit_of_a_nested_repository_makes_it_stale(git: Git) -> None:
    nested = Git(git.path / "nested")
    git("init", "-q", "nested")
    nested.write("inside", "1\n")
    version = remember(git)
    assert fresh(git) == version
    nested.commit()
    assert fresh(git) is None
    assert remember(git) != version
