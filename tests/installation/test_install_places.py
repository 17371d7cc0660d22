"""Where hooks are installed: hooks folders, linked worktrees, submodules, moved repositories."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from support.git import Git
from support.hooks import installed, listing, outcomes, put, script
from support.locations import location_of

from gitver_hooks.installation import hook_files, install
from gitver_hooks.installation.hook_files import NAMES


@pytest.mark.parametrize(
    ("value", "folder"),
    [
        ("githooks", "app/githooks"),
        ("./a b/'hooks'", "app/a b/'hooks'"),
        ("../shared", "shared"),
        ("~/hooks", "HOME/hooks"),
        ("ABSOLUTE/hooks", "ABSOLUTE/hooks"),
    ],
)
def test_hooks_are_installed_in_core_hooks_path(
    value: str,
    folder: str,
    git: Git,
    tmp_path: Path,
    isolated: Path,
    python: str,
    calls: Callable[[], list[str]],
) -> None:
    git("config", "--global", "core.hooksPath", value.replace("ABSOLUTE", str(tmp_path / "x")))
    places = {"HOME": str(isolated), "ABSOLUTE": str(tmp_path / "x")}
    first, _, rest = folder.partition("/")
    hooks = Path(places.get(first, tmp_path / first), rest)
    put(hooks / "post-checkout", script("echo theirs"))
    (git.path / "deep/er").mkdir(parents=True)
    here = location_of(git.path / "deep/er")
    install.install(here, os.environ, python)
    assert installed(here) == NAMES
    subprocess.run(["git", "checkout", "-q", "HEAD"], cwd=git.path / "deep/er", check=True)
    assert calls() == ["theirs", "gitver post-checkout"]
    assert hook_files.is_ours(hooks / "post-checkout")
    install.uninstall(here, os.environ)
    assert list(hooks.iterdir()) == [hooks / "post-checkout"]
    assert not hook_files.is_ours(hooks / "post-checkout")


def test_a_hooks_folder_that_is_a_link_works(
    git: Git, python: str, calls: Callable[[], list[str]]
) -> None:
    shutil.rmtree(git.path / ".git/hooks")
    put(git.path / "tools/hooks/post-commit", script("echo theirs"))
    (git.path / ".git/hooks").symlink_to("../tools/hooks")
    before, here = listing(git.path), location_of(git.path)
    install.install(here, os.environ, python)
    git("hook", "run", "post-commit")
    assert calls() == ["theirs", "gitver post-commit"]
    install.uninstall(here, os.environ)
    assert listing(git.path) == before


def test_a_repository_without_a_hooks_folder_gets_one(git: Git, python: str) -> None:
    shutil.rmtree(git.path / ".git/hooks")
    install.install(location_of(git.path), os.environ, python)
    assert installed(location_of(git.path)) == NAMES


def test_a_repository_that_moves_keeps_its_hooks(
    git: Git, tmp_path: Path, python: str, calls: Callable[[], list[str]]
) -> None:
    put(git.path / ".git/hooks/post-commit", script("echo theirs"))
    install.install(location_of(git.path), os.environ, python)
    moved = Git(git.path.rename(tmp_path / "moved"))
    moved.commit("second")
    assert calls() == ["theirs", "gitver post-commit"]


def test_a_linked_worktree_shares_the_hooks_of_the_repository(
    git: Git, tmp_path: Path, python: str, calls: Callable[[], list[str]]
) -> None:
    git("worktree", "add", "-q", str(tmp_path / "linked"))
    linked = Git(tmp_path / "linked")
    install.install(location_of(linked.path), os.environ, python)
    assert installed(location_of(git.path)) == NAMES
    linked.commit("second")
    git.commit("third")
    assert calls() == ["gitver post-commit", "gitver post-commit"]
    assert outcomes(install.uninstall(location_of(git.path), os.environ)) == {"removed"}
    assert installed(location_of(linked.path)) == ()


def test_a_submodule_has_hooks_of_its_own(
    make_git: Callable[..., Git], python: str, calls: Callable[[], list[str]]
) -> None:
    inner, outer = make_git("inner"), make_git("outer")
    inner.commit("first", a="1")
    outer("submodule", "--quiet", "add", str(inner.path), "lib")
    install.install(location_of(outer.path / "lib"), os.environ, python)
    assert installed(location_of(outer.path)) == ()
    Git(outer.path / "lib").commit("second", a="2")
    outer.commit("first")
    assert calls() == ["gitver post-commit"]


def test_git_variables_inherited_from_a_hook_are_ignored(
    make_git: Callable[..., Git], python: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository, other = make_git("repository"), make_git("other")
    monkeypatch.setenv("GIT_DIR", str(other.path / ".git"))
    monkeypatch.setenv("GIT_COMMON_DIR", str(other.path / ".git"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(other.path / ".git/index"))
    install.install(location_of(repository.path), os.environ, python)
    assert hook_files.is_ours(repository.path / ".git/hooks/post-commit")
    assert not (other.path / ".git/hooks/post-commit").exists()


def test_hooks_are_installed_for_a_worktree_named_by_git_dir_and_git_work_tree(
    git: Git, tmp_path: Path, python: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    git_dir = (git.path / ".git").rename(tmp_path / "dotfiles.git")
    monkeypatch.setenv("GIT_DIR", str(git_dir))
    monkeypatch.setenv("GIT_WORK_TREE", str(git.path))
    install.install(location_of(git.path), os.environ, python)
    assert hook_files.is_ours(git_dir / "hooks/post-commit")


def test_the_ready_made_folder_is_never_changed(git: Git, python: str) -> None:
    ready_made = hook_files.ready_made_folder()
    before = listing(ready_made)
    git("config", "core.hooksPath", str(ready_made))
    assert outcomes(install.install(location_of(git.path), os.environ, python)) == {"ready-made"}
    assert installed(location_of(git.path)) == NAMES
    assert install.uninstall(location_of(git.path), os.environ) == []
    assert listing(ready_made) == before
