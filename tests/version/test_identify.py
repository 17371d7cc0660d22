"""The version id: the same for the same code everywhere, another for any other code."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from support.git import Git

import gitver_hooks
from gitver_hooks.common.errors import GitverError
from gitver_hooks.version.identify import identify

MakeGit = Callable[..., Git]


def test_a_clean_version_is_the_commit(git: Git) -> None:
    version = identify(git.path)
    assert version.id == version.commit == git("rev-parse", "HEAD")
    assert version.tree == git("rev-parse", "HEAD^{tree}")
    assert (version.branch, version.dirty, version.remote_url) == ("main", False, None)


def test_a_dirty_version_is_the_commit_and_a_digest_of_the_content(git: Git) -> None:
    git.write("app.py", "changed\n")
    version = identify(git.path)
    commit = git("rev-parse", "HEAD")
    assert version.id == f"{commit[:32]}-dirty-{version.id[-8:]}"
    assert (version.commit, version.dirty) == (commit, True)


def test_identify_is_part_of_the_public_interface(git: Git) -> None:
    # In a process of its own: importing the module of that name must not hide the function.
    code = (
        "import gitver_hooks, gitver_hooks.version.identify, gitver_hooks.recording.refresh\n"
        "print(gitver_hooks.identify('.').id)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=git.path, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == git("rev-parse", "HEAD")
    assert all(hasattr(gitver_hooks, name) for name in gitver_hooks.__all__)
    with pytest.raises(AttributeError, match="no attribute 'indentify'"):
        gitver_hooks.indentify  # noqa: B018


@pytest.mark.parametrize("change", ["content", "path", "mode", "link", "untracked", "deleted"])
def test_any_difference_gives_another_id(git: Git, change: str) -> None:
    git.commit("more", other="x\n", run="#!/bin/sh\n")
    os.symlink("app.py", git.path / "link")
    git.commit("link")
    seen = {identify(git.path).id}
    if change == "content":
        git.write("app.py", "a\n")
        seen.add(identify(git.path).id)
        git.write("app.py", "b\n")
    elif change == "path":
        (git.path / "other").rename(git.path / "another")
    elif change == "mode":
        (git.path / "run").chmod(0o755)
    elif change == "link":
        (git.path / "link").unlink()
        os.symlink("other", git.path / "link")
    elif change == "untracked":
        git.write("new", "")
    else:
        (git.path / "other").unlink()
    before = len(seen)
    seen.add(identify(git.path).id)
    assert len(seen) == before + 1


def test_the_id_does_not_depend_on_the_index_the_folder_or_the_configuration(
    git: Git, isolated: Path
) -> None:
    git("clone", "-q", str(git.path), "../elsewhere with spaces")
    other = Git(git.path.parent / "elsewhere with spaces")
    for worktree in (git, other):
        worktree.write("app.py", "changed\n")
        worktree.write("new/ünïcode.txt", "new\n")
    git("add", "-A")
    with (isolated / ".gitconfig").open("a") as configuration:
        configuration.write(
            "[core]\n\tquotePath = false\n\tabbrev = 4\n[status]\n\tshowUntrackedFiles = no\n"
            "[diff]\n\tnoprefix = true\n\tmnemonicPrefix = true\n\texternal = false\n"
        )
    assert identify(git.path).id == identify(other.path).id


def test_from_any_folder_inside(git: Git, monkeypatch: pytest.MonkeyPatch) -> None:
    git.commit(**{"deep/er/file": "x"})
    assert identify(git.path / "deep" / "er").id == git("rev-parse", "HEAD")
    monkeypatch.chdir(git.path / "deep")
    assert identify().id == git("rev-parse", "HEAD")


def test_on_a_detached_head_there_is_no_branch(git: Git) -> None:
    git("checkout", "-q", "--detach")
    version = identify(git.path)
    assert (version.id, version.branch) == (git("rev-parse", "HEAD"), None)


def test_in_a_shallow_clone(git: Git) -> None:
    git.commit("second")
    git("clone", "-q", "--depth", "1", git.path.as_uri(), "../shallow")
    assert identify(git.path.parent / "shallow").id == git("rev-parse", "HEAD")


def test_a_linked_worktree_has_a_version_of_its_own(git: Git) -> None:
    git("worktree", "add", "-q", "-b", "other", "../linked")
    linked = Git(git.path.parent / "linked")
    commit = linked.commit("there", **{"app.py": "there\n"})
    assert identify(linked.path).id == commit != identify(git.path).id
    assert identify(linked.path).branch == "other"


def test_a_submodule_has_a_version_of_its_own(git: Git, make_git: MakeGit) -> None:
    inner = make_git("inner")
    commit = inner.commit("inner", a="a")
    git("submodule", "add", "-q", str(inner.path), "sub")
    git.commit("with submodule")
    assert identify(git.path / "sub").id == commit
    assert identify(git.path).id == git("rev-parse", "HEAD")
    git.write("sub/a", "changed")
    first = identify(git.path).id
    git.write("sub/a", "changed again")
    assert "-dirty-" in first != identify(git.path).id


def test_before_the_first_commit_the_id_is_unborn_with_a_digest_of_the_content(
    make_git: MakeGit,
) -> None:
    git = make_git("unborn")
    git.write("a", "a")
    first = identify(git.path)
    assert (first.commit, first.dirty, first.id) == (None, True, f"unborn-dirty-{first.id[-8:]}")
    git.write("a", "b")
    assert identify(git.path).id != first.id


def test_a_sha256_repository(make_git: MakeGit) -> None:
    git = make_git("modern", "--object-format=sha256")
    commit = git.commit("first", a="a")
    assert identify(git.path).id == commit
    git.write("a", "b")
    assert identify(git.path).id.startswith(f"{commit[:32]}-dirty-")


def test_packed_refs_do_not_matter(git: Git) -> None:
    commit = git("rev-parse", "HEAD")
    git("pack-refs", "--all")
    assert identify(git.path).id == commit


def test_a_bare_repository_has_no_worktree(make_git: MakeGit) -> None:
    git = make_git("bare", "--bare")
    with pytest.raises(GitverError, match="not inside a git worktree"):
        identify(git.path)


def test_a_broken_repository_is_an_error_that_names_it(git: Git) -> None:
    commit = git("rev-parse", "HEAD")
    (git.path / ".git" / "objects" / commit[:2] / commit[2:]).unlink()
    with pytest.raises(GitverError, match=commit):
        identify(git.path)
