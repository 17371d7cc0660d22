"""Git itself as the oracle: the tree its own command line makes of a worktree."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

LONG_AGO = (
    315532800  # 1980: no file is older than the index then, so that git looks at all contents.
)


def oracle_tree(worktree: Path, *, extra: tuple[str, ...] = ()) -> str:
    """The id of the tree that git writes for the worktree; its index is left alone.

    Git skips what is marked assume-unchanged, and skip-worktree outside of a sparse checkout; a
    version does not: the marks are taken off in the copy of the index, where the file exists.
    """
    git_dir = Path(_git(worktree, "rev-parse", "--absolute-git-dir").strip())
    copy = git_dir / "index.oracle"
    if (git_dir / "index").exists():
        shutil.copy2(git_dir / "index", copy)
    environment = {**os.environ, "GIT_INDEX_FILE": str(copy)}

    def age() -> None:
        if copy.exists():
            os.utime(copy, (LONG_AGO, LONG_AGO))

    try:
        marked = _git(worktree, "ls-files", "-v", "-z", environment=environment).split("\0")
        for line in filter(None, marked):
            tag, path = line[0], line[2:]
            if tag.islower():
                _git(
                    worktree, "update-index", "--no-assume-unchanged", path, environment=environment
                )
            if tag in "Ss" and os.path.lexists(worktree / path):
                _git(worktree, "update-index", "--no-skip-worktree", path, environment=environment)
        age()
        _git(worktree, *extra, "add", "-A", "--sparse", ".", environment=environment)
        return _git(worktree, "write-tree", environment=environment).strip()
    finally:
        copy.unlink(missing_ok=True)


class GitRefusesError(Exception):
    """Git itself makes no tree of such a state (an unmerged submodule without a commit)."""


def _git(worktree: Path, *arguments: str, environment: dict[str, str] | None = None) -> str:
    done = subprocess.run(
        ["git", *arguments],
        cwd=worktree,
        env=environment,
        capture_output=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    if b"does not have a commit checked out" in done.stderr:
        raise GitRefusesError(done.stderr)
    if done.returncode:
        raise AssertionError(f"git {arguments} exited {done.returncode}: {done.stderr!r}")
    return done.stdout.decode("utf-8", "surrogateescape")
