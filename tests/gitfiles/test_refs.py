"""HEAD and what it leads to, compared with git's own answer."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from support.git import Git

from gitver_hooks.common.files import read_small
from gitver_hooks.gitfiles import refs
from gitver_hooks.gitfiles.location import find_location
from gitver_hooks.gitfiles.refs import Head, read_head


def head(git: Git) -> Head:
    location = find_location(str(git.path), os.environ)
    assert location is not None
    return read_head(location)


def expect_as_git(git: Git) -> None:
    found = head(git)
    assert (found.id.hex() if found.id else "") == git("rev-parse", "-q", "--verify", "HEAD")
    assert (found.ref or "") == git("symbolic-ref", "-q", "HEAD", check=False)


def test_a_branch_is_found_loose_and_packed(git: Git) -> None:
    expect_as_git(git)
    git("branch", "main-2")
    git.commit("on main")
    git("tag", "-a", "-m", "peeled in packed-refs", "main-3")
    git("pack-refs", "--all")
    assert not (git.path / ".git/refs/heads/main").exists()
    expect_as_git(git)
    git.commit("loose again")
    expect_as_git(git)


def test_a_detached_head_names_no_ref(git: Git) -> None:
    git("checkout", "-q", "--detach")
    expect_as_git(git)
    assert head(git).ref is None


def test_an_unborn_branch_has_no_commit(git: Git) -> None:
    git("symbolic-ref", "HEAD", "refs/heads/unborn")
    found = head(git)
    assert (found.ref, found.id) == ("refs/heads/unborn", None)


def test_a_chain_of_symbolic_refs_is_followed(git: Git) -> None:
    git("symbolic-ref", "refs/heads/alias", "refs/heads/main")
    git("symbolic-ref", "HEAD", "refs/heads/alias")
    found = head(git)
    assert found.ref == "refs/heads/alias"
    assert found.id is not None and found.id.hex() == git("rev-parse", "HEAD")


def test_refs_of_a_linked_worktree_are_its_own(git: Git, tmp_path: Path) -> None:
    linked = Git(tmp_path / "linked")
    git("worktree", "add", "-q", "-b", "other", str(linked.path))
    linked.commit("in the linked worktree")
    linked("update-ref", "refs/worktree/mine", "HEAD")
    linked("symbolic-ref", "HEAD", "refs/worktree/mine")
    expect_as_git(linked)
    expect_as_git(git)


@pytest.mark.parametrize("name", ["HEAD", "refs/heads/main", "packed-refs"])
def test_a_file_that_cannot_be_read_is_an_error(
    git: Git, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    git("branch", "other")
    git("pack-refs", "--all")
    if name == "refs/heads/main":
        git.commit("loose")
    unreadable = str(git.path / ".git" / name)

    def read(path: str) -> bytes | None:
        # The tests may run as root, who can read everything.
        return None if path == unreadable else read_small(path)

    monkeypatch.setattr(refs, "read_small", read)
    with pytest.raises(ValueError, match=f"{name} cannot be read"):
        head(git)


@pytest.mark.parametrize(
    "content", ["nothing\n", "ref: refs/../../outside\n", "ref: elsewhere\n", "abcdef\n", ""]
)
def test_a_head_that_names_nothing_is_an_error(git: Git, content: str) -> None:
    (git.path / ".git" / "HEAD").write_text(content)
    with pytest.raises(ValueError, match=r"HEAD|hexadecimal"):
        head(git)
