"""Makes a copy of the worktree's index that also lists untracked files, for `git diff`."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from gitver_hooks.repository.git_command import GitCommand, git_in
from gitver_hooks.repository.repository import Repository


@contextmanager
def copied_index(repository: Repository, *, untracked: bool) -> Iterator[GitCommand]:
    """git with a copy of the index for a ``with`` block, so that the user's stays as it is.

    With ``untracked``, the copy lists untracked files that are not ignored without their content
    (`git add --intent-to-add`): `git diff` then compares them like all others, and no object is
    written.
    """
    with tempfile.TemporaryDirectory(prefix="gitver-") as folder:
        index = os.path.join(folder, "index")
        with suppress(FileNotFoundError):
            shutil.copy2(os.path.join(repository.location.git_dir, "index"), index)
        git = git_in(repository, index=index)
        if untracked:
            # What cannot be added, such as an unreadable file, is not compared.
            git.attempt("add", "--intent-to-add", "--ignore-errors", "--", ".")
        yield git
