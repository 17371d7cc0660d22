"""An install or uninstall that fails changes nothing, and says what to do."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from support.git import Git
from support.hooks import listing, put, script
from support.locations import location_of

from gitver_hooks.common.errors import GitverError
from gitver_hooks.installation import install


def a_folder_as_hook(git: Git) -> None:
    (git.path / ".git/hooks/post-merge").mkdir()


def a_link_to_a_folder_as_hook(git: Git) -> None:
    (git.path / ".git/hooks/post-rewrite").symlink_to(".")


def a_fifo_as_hook(git: Git) -> None:
    os.mkfifo(git.path / ".git/hooks/post-applypatch")


def hooks_path_to_nowhere(git: Git) -> None:
    git("config", "core.hooksPath", "/dev/null")


def hooks_path_empty(git: Git) -> None:
    git("config", "core.hooksPath", "")


def hooks_path_read_only(git: Git) -> None:
    git("config", "core.hooksPath", "/proc/self/hooks")


def a_file_instead_of_the_kept_folder(git: Git) -> None:
    put(git.path / ".git/hooks.before-gitver", "in the way")


def a_folder_instead_of_a_kept_hook(git: Git) -> None:
    put(git.path / ".git/hooks/post-rewrite", script("echo theirs"))
    (git.path / ".git/hooks.before-gitver/post-rewrite/x").mkdir(parents=True)


@pytest.mark.parametrize(
    "situation",
    [
        a_folder_as_hook,
        a_link_to_a_folder_as_hook,
        a_fifo_as_hook,
        hooks_path_to_nowhere,
        hooks_path_empty,
        hooks_path_read_only,
        a_file_instead_of_the_kept_folder,
        a_folder_instead_of_a_kept_hook,
    ],
)
def test_a_failing_install_changes_nothing(
    situation: Callable[[Git], None], git: Git, python: str
) -> None:
    put(git.path / ".git/hooks/post-commit", script("echo theirs"))
    situation(git)
    before = listing(git.path / ".git")
    with pytest.raises(GitverError) as caught:
        install.install(location_of(git.path), os.environ, python)
    assert caught.value.remedy
    assert "\n" not in str(caught.value)
    assert listing(git.path / ".git") == before


def test_an_update_that_fails_midway_keeps_the_previous_hooks(git: Git, python: str) -> None:
    put(git.path / ".git/hooks/post-commit", script("echo theirs"))
    install.install(location_of(git.path), os.environ, python)
    last = git.path / ".git/hooks/post-applypatch"
    last.unlink()
    last.mkdir()
    before = listing(git.path / ".git")
    with pytest.raises(GitverError):
        install.install(location_of(git.path), os.environ, shutil.copy(python, f"{python}-other"))
    assert listing(git.path / ".git") == before


def test_an_uninstall_that_fails_midway_puts_our_hooks_back(git: Git, python: str) -> None:
    put(git.path / ".git/hooks/post-commit", script("echo theirs"))
    install.install(location_of(git.path), os.environ, python)
    # The last hook cannot be restored: a folder does not replace a file.
    (git.path / ".git/hooks.before-gitver/post-applypatch/x").mkdir(parents=True)
    before = listing(git.path / ".git")
    with pytest.raises(GitverError):
        install.uninstall(location_of(git.path), os.environ)
    assert listing(git.path / ".git") == before


@pytest.mark.parametrize("interpreter", ["", "/nonexistent/python", "/bin/false"])
def test_install_refuses_an_interpreter_without_gitver(interpreter: str, git: Git) -> None:
    before = listing(git.path / ".git")
    with pytest.raises(GitverError):
        install.install(location_of(git.path), os.environ, interpreter)
    assert listing(git.path / ".git") == before


def failure(git: Git, interpreter: str) -> str:
    with pytest.raises(GitverError) as caught:
        install.install(location_of(git.path), os.environ, interpreter)
    return str(caught.value)


def test_the_message_of_a_failed_install_names_the_cause_and_the_remedy(
    git: Git, python: str
) -> None:
    hooks = git.path / ".git/hooks"
    assert failure(git, "/nonexistent/python") == (
        "the interpreter '/nonexistent/python' cannot be run: No such file or directory; "
        "run `gitver install` from the environment that has gitver-hooks"
    )
    assert failure(git, "/bin/false") == (
        "/bin/false cannot import gitver_hooks without PYTHONPATH; install it with "
        "`pip install gitver-hooks`, then run `gitver install` again"
    )
    a_folder_as_hook(git)
    assert failure(git, python) == (
        f"{hooks}/post-merge is not a file; move it away, then run `gitver install` again"
    )
    git("config", "core.hooksPath", "")
    assert failure(git, python) == (
        "core.hooksPath is empty or the worktree's root, where git runs no hooks; "
        "`git config --show-origin core.hooksPath` shows where to change it"
    )


def test_an_interpreter_needs_gitver_without_pythonpath_and_without_its_folder(
    git: Git, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """The interpreter is asked as the hooks start it; what it prints is not shown."""
    monkeypatch.setenv("PYTHONPATH", str(Path(install.__file__).parents[2]))
    monkeypatch.chdir(Path(install.__file__).parents[2])
    bare = tmp_path / "bare" / "bin" / "python"
    bare.parent.mkdir(parents=True)
    bare.symlink_to(Path(sys.executable).resolve())
    (tmp_path / "bare" / "pyvenv.cfg").write_text(f"home = {Path(sys.executable).resolve().parent}")
    assert "cannot import gitver_hooks" in failure(git, str(bare))
    assert capfd.readouterr() == ("", "")
