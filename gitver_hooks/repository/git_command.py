"""Runs the git command in a repository, for what dulwich cannot do.

dulwich checks out neither ``working-tree-encoding`` nor sparse worktrees, does not know the user's
credentials, and has no pager. Nothing that a tree could have put in place runs: no hook and no file
system monitor.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass

from gitver_hooks.common.errors import GitverError
from gitver_hooks.handover.launch import without_repository
from gitver_hooks.repository.repository import Repository

# core.hooksPath may be a folder of the tree, and hooks run for `git read-tree` and `git push` too.
_NO_FOREIGN_CODE = ("-c", f"core.hooksPath={os.devnull}", "-c", "core.fsmonitor=false")


@dataclass(frozen=True)
class GitCommand:
    """git with a certain git dir, worktree and index.

    ``worktree`` is the root of the files. ``index`` is the path of an index file, None for the
    worktree's own. ``environment`` contains the user's variables.
    """

    git_dir: str
    worktree: str
    environment: Mapping[str, str]
    index: str | None = None

    def arguments(self, *arguments: str) -> list[str]:
        """The command line of ``git ARGUMENTS``."""
        repository_options = (f"--git-dir={self.git_dir}", f"--work-tree={self.worktree}")
        return ["git", *_NO_FOREIGN_CODE, *repository_options, *arguments]

    def variables(self) -> dict[str, str]:
        """The environment of the command, without what belongs to another repository."""
        variables = without_repository(self.environment)
        if self.index is not None:
            variables["GIT_INDEX_FILE"] = self.index
        return variables

    def attempt(
        self, *arguments: str, stdin: bytes | None = None, seconds: float | None = None
    ) -> subprocess.CompletedProcess[bytes]:
        """Run ``git ARGUMENTS`` and return the result, whatever its exit status.

        Raises GitverError if git is not installed, or if it takes more than ``seconds``.
        """
        try:
            return subprocess.run(
                self.arguments(*arguments),
                cwd=self.worktree,
                env=self.variables(),
                # Git asks for passwords on the terminal, not on the standard input.
                input=b"" if stdin is None else stdin,
                capture_output=True,
                timeout=seconds,
            )
        except OSError as error:
            raise no_git(error) from error
        except subprocess.TimeoutExpired as error:
            raise GitverError(f"git {arguments[0]} did not finish within {seconds:g} s") from error

    def run(self, *arguments: str, stdin: bytes | None = None) -> bytes:
        """The output of ``git ARGUMENTS``. Raises GitverError with git's own message."""
        completed = self.attempt(*arguments, stdin=stdin)
        if completed.returncode:
            raise GitverError(f"git {arguments[0]} failed: {last_line(completed.stderr)}")
        return completed.stdout


def git_in(repository: Repository, *, index: str | None = None) -> GitCommand:
    """git in the worktree of ``repository``, with another ``index`` if one is given."""
    location = repository.location
    return GitCommand(location.git_dir, location.worktree, repository.environment, index)


def no_git(error: OSError) -> GitverError:
    """The GitverError for an ``error`` in starting git."""
    return GitverError(f"git cannot be run: {error.strerror}", "install git")


def last_line(output: bytes) -> str:
    """The last line of what git printed on standard error, without its ``fatal:``."""
    lines = output.decode("utf-8", "backslashreplace").strip().splitlines()
    wanted = [line for line in lines if line.startswith(("fatal:", "error:"))] or lines
    return wanted[-1].partition(": ")[2] or wanted[-1] if wanted else "it printed no reason"
