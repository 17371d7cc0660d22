"""Checks a tree out into a linked worktree of its own, without running anybody's hooks."""

from __future__ import annotations

import os
import re
from dataclasses import replace

from gitver_hooks.common.errors import GitverError
from gitver_hooks.repository.git_command import GitCommand, git_in
from gitver_hooks.repository.remote import main_worktree
from gitver_hooks.repository.repository import Repository
from gitver_hooks.restoring.code import Code

# `git commit-tree` needs somebody; the commit stays unreachable.
_NOBODY = {
    f"GIT_{role}_{field}": value
    for role in ("AUTHOR", "COMMITTER")
    for field, value in (("NAME", "gitver-hooks"), ("EMAIL", "gitver-hooks@localhost"))
}
_NOT_IN_A_FOLDER_NAME = re.compile(r"[^\w.-]")


def default_folder(repository: Repository, version: str) -> str:
    """``../shop-6bf7e1e8-dirty-efc07a29``, beside the main worktree."""
    worktree = main_worktree(repository)
    start, dirty, digest = version.partition("-dirty-")
    short = f"{start.removeprefix('tree-')[:8]}{dirty}{digest}"
    return f"{worktree}-{_NOT_IN_A_FOLDER_NAME.sub('-', short)}"


def check_out(repository: Repository, code: Code, folder: str) -> None:
    """Create the worktree ``folder``, an absolute path, with the code's commit and files.

    Without a commit, HEAD is on a branch that does not exist yet, as before the first commit.
    Raises GitverError if the folder contains anything, or if git fails; then it is gone again.
    """
    _refuse_files(folder)
    git = git_in(repository)
    start = code.commit or _empty_commit(git)
    # Without a checkout git runs no post-checkout hook, and writes each file only once.
    git.run("worktree", "add", "--quiet", "--detach", "--no-checkout", "--", folder, start)
    try:
        inside = _git_of(repository, folder)
        if code.commit is None:
            inside.run("symbolic-ref", "HEAD", f"refs/heads/restored/{code.tree}")
        inside.run("read-tree", "-u", "--reset", "--no-recurse-submodules", code.tree)
    except BaseException:
        git.attempt("worktree", "remove", "--force", "--", folder)
        raise


def is_sparse(repository: Repository) -> bool:
    """Whether git checks out only a part of the files here (git-sparse-checkout(1))."""
    return repository.configuration.flag((b"core",), b"sparseCheckout", False)


def _refuse_files(folder: str) -> None:
    try:
        names = os.listdir(folder)
    except FileNotFoundError:
        return
    except OSError as error:
        raise GitverError(f"{folder}: {error.strerror}", "name another directory") from error
    if names:
        raise GitverError(f"{folder} exists and is not empty", "name another directory")


def _empty_commit(git: GitCommand) -> str:
    """The id of a commit without files: `git worktree add` of git before 2.42 needs one."""
    empty = git.run("hash-object", "-t", "tree", "-w", "--stdin").decode("ascii").strip()
    named = replace(git, environment={**git.environment, **_NOBODY})
    return named.run("commit-tree", "-m", "empty", empty).decode("ascii").strip()


def _git_of(repository: Repository, folder: str) -> GitCommand:
    """git in the linked worktree ``folder``."""
    return GitCommand(os.path.join(folder, ".git"), folder, repository.environment)
