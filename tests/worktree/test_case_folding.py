"""core.ignoreCase on a disk that tells names apart, as on one that does not."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from support.contents import content_of
from support.git import Git
from support.oracle import oracle_tree

from gitver_hooks.worktree.case_folding import CaseFolding


def another_name(git: Git) -> None:
    git.write("README", "2\n")


def renamed(git: Git) -> None:
    (git.path / "readme").rename(git.path / "ReadMe")


def directory_in_another_case(git: Git) -> None:
    git.write("PKG/new.py", "1\n")
    git.write("Pkg/Deep/more.py", "1\n")


def new_directory_below_another_case(git: Git) -> None:
    git.write("PKG/Other/new.py", "1\n")


def same_file_in_a_directory_in_another_case(git: Git) -> None:
    git.write("PKG/mod.py", "2\n")


def ignored_in_another_case(git: Git) -> None:
    git.write(".gitignore", "*.LOG\n/Build/\n")
    git.write("run.log", "1\n")
    git.write("build/x", "1\n")


def edited(git: Git) -> None:
    git.write("readme", "2\n")


@pytest.mark.parametrize(
    "change",
    [
        another_name, renamed, directory_in_another_case, new_directory_below_another_case,
        same_file_in_a_directory_in_another_case, ignored_in_another_case, edited,
    ],
)  # fmt: skip
def test_names_that_differ_in_case_count_as_they_do_for_git(
    git: Git, change: Callable[[Git], None]
) -> None:
    git.commit(**{"readme": "1\n", "pkg/mod.py": "1\n", "pkg/deep/x.py": "1\n"})
    git("config", "core.ignoreCase", "true")
    change(git)
    assert content_of(git).tree == oracle_tree(git.path)


def test_without_the_setting_case_matters(git: Git) -> None:
    git.commit(readme="1\n")
    git("config", "core.ignoreCase", "false")
    git.write("README", "2\n")
    assert [change.path for change in content_of(git).changes] == [b"README"]


def test_new_files_are_stored_in_directories_as_these_are_spelt() -> None:
    folding = CaseFolding([b"Pkg/Deep/a", b"Pkg/b", b"top"])
    assert folding.stored_path(b"pkg/DEEP/new") == b"Pkg/Deep/new"
    assert folding.stored_path(b"PKG/other/New") == b"Pkg/other/New"
    assert folding.stored_path(b"new/New") == b"new/New"
    assert folding.stored_path(b"New") == b"New"
    assert folding.tracked_file(b"TOP") == b"top"
    assert folding.tracked_file(b"new") is None
    assert folding.is_tracked_directory(b"PKG/deep")
    assert not folding.is_tracked_directory(b"top")
