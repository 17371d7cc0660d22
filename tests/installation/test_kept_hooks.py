"""Kept hooks: in a folder with links to what was beside them, until nobody needs it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from support.git import Git
from support.hooks import put, script
from support.locations import location_of

from gitver_hooks.installation import install
from gitver_hooks.installation.kept_hooks import kept_folder


@pytest.fixture
def hooks(git: Git) -> Path:
    """A hooks folder with a hook of somebody else and a helper beside it."""
    folder = git.path / ".git/hooks"
    put(folder / "post-commit", script("echo theirs"))
    put(folder / "helper.sh", "echo help\n")
    put(folder / "pre-push.sample", "a sample\n")
    return folder


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_the_kept_hook_is_beside_links_to_the_helpers_alone(
    git: Git, python: str, hooks: Path
) -> None:
    install.install(location_of(git.path), os.environ, python)
    assert names(kept_folder(hooks)) == {"post-commit", "helper.sh"}
    assert (kept_folder(hooks) / "helper.sh").read_text() == "echo help\n"
    install.uninstall(location_of(git.path), os.environ)
    assert not kept_folder(hooks).exists()


def test_a_hook_that_its_owner_restored_is_not_kept_any_longer(
    git: Git, python: str, hooks: Path
) -> None:
    install.install(location_of(git.path), os.environ, python)
    put(hooks / "post-commit", script("echo theirs"))
    install.uninstall(location_of(git.path), os.environ)
    assert (hooks / "post-commit").read_text() == script("echo theirs")
    assert not kept_folder(hooks).exists()


def test_a_kept_hook_whose_place_is_taken_keeps_its_helpers(
    git: Git, python: str, hooks: Path
) -> None:
    install.install(location_of(git.path), os.environ, python)
    put(hooks / "post-commit", script("echo newer"))
    install.uninstall(location_of(git.path), os.environ)
    assert names(kept_folder(hooks)) == {"post-commit", "helper.sh"}


def test_files_and_links_of_the_user_stay_in_the_folder(git: Git, python: str, hooks: Path) -> None:
    install.install(location_of(git.path), os.environ, python)
    (kept_folder(hooks) / "notes.txt").write_text("mine")
    (kept_folder(hooks) / "link").symlink_to("../hooks/helper.sh")
    install.uninstall(location_of(git.path), os.environ)
    assert names(kept_folder(hooks)) == {"notes.txt", "link"}
