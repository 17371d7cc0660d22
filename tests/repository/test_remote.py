"""The remote: no credential gets through, and the repository has a name."""

from __future__ import annotations

import os

import pytest
from support.git import Git

from gitver_hooks.repository.remote import main_worktree, remote_url, repository_name
from gitver_hooks.repository.repository import open_repository


@pytest.mark.parametrize(
    ("configured", "recorded"),
    [
        ("https://user:s3cret@example.com/team/shop.git", "https://example.com/team/shop.git"),
        ("https://ghp_token@example.com/shop", "https://example.com/shop"),
        ("https://example.com/shop?private_token=s3cret", "https://example.com/shop"),
        ("ssh://git:s3cret@example.com:2222/shop.git", "ssh://git@example.com:2222/shop.git"),
        ("git@example.com:team/shop.git", "git@example.com:team/shop.git"),
        ("../shop.git", "../shop.git"),
        ("/srv/git/shop.git", "/srv/git/shop.git"),
    ],
)
def test_the_url_is_recorded_without_credentials(git: Git, configured: str, recorded: str) -> None:
    git("remote", "add", "origin", configured)
    with open_repository(git.path, os.environ) as repository:
        assert remote_url(repository, "origin") == recorded


def test_without_the_remote_there_is_no_url(git: Git) -> None:
    with open_repository(git.path, os.environ) as repository:
        assert remote_url(repository, "origin") is None


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://example.com/team/shop.git", "shop"),
        ("git@example.com:team/shop.git", "shop"),
        ("git@example.com:shop", "shop"),
        ("/srv/git/shop.git/", "shop"),
        ("file:///srv/git/my%20shop", "my%20shop"),
        ("https://example.com/", None),
    ],
)
def test_the_name_of_the_repository_is_the_end_of_its_url(url: str, name: str | None) -> None:
    assert repository_name(url) == name


def test_linked_worktrees_know_the_main_one(git: Git) -> None:
    git("worktree", "add", "-q", "../linked")
    for path in (git.path, git.path.parent / "linked"):
        with open_repository(path, os.environ) as repository:
            assert main_worktree(repository) == str(git.path)


def test_a_submodule_is_its_own_main_worktree_and_so_are_its_linked_ones(
    git: Git, make_git: type[Git]
) -> None:
    inner = make_git("inner")  # type: ignore[arg-type]
    inner.commit("inner", a="a")
    git("submodule", "add", "-q", str(inner.path), "sub")
    sub = Git(git.path / "sub")
    sub("worktree", "add", "-q", "../../elsewhere")
    for path in (sub.path, git.path.parent / "elsewhere"):
        with open_repository(path, os.environ) as repository:
            assert main_worktree(repository) == str(sub.path)
