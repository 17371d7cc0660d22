"""Git itself as the oracle: the tree its own command line makes of a worktree."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

# 1980: no file is older than the index then, so git looks at all contents.
LONG_AGO = 315532800


def oracle_tree(worktree: Path, *, extra: tuple[str, ...] = ()) -> str:
    """The id of the tree that git writes for the worktree; its index is left alone.

    ``git add -A`` in a copy of the index, with two differences:

    - Git skips what is marked assume-unchanged, and skip-worktree outside a sparse checkout. A
      version does not, so the marks are removed in the copy if the file exists.
    - Bytes that equal what a checkout of HEAD writes (``git cat-file --filters``) are HEAD's blob.
      Git decides this by the stat data of its index: committed CRLF content under a ``text``
      attribute is unchanged until somebody touches it, and then changed.
    """
    git_dir = Path(_git(worktree, "rev-parse", "--absolute-git-dir").strip())
    copy = git_dir / "index.oracle"
    if (git_dir / "index").exists():
        shutil.copy2(git_dir / "index", copy)
    environment = {**os.environ, "GIT_INDEX_FILE": str(copy)}
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
        if copy.exists():
            os.utime(copy, (LONG_AGO, LONG_AGO))
        _git(worktree, *extra, "add", "-A", "--sparse", ".", environment=environment)
        tree = _git(worktree, "write-tree", environment=environment).strip()
        if _restore_checked_out(worktree, tree, environment):
            tree = _git(worktree, "write-tree", environment=environment).strip()
        return tree
    finally:
        copy.unlink(missing_ok=True)


def _restore_checked_out(worktree: Path, tree: str, environment: dict[str, str]) -> bool:
    """Put HEAD's blobs back into the index for files that a checkout of HEAD would not change."""
    if not _git(worktree, "rev-parse", "-q", "--verify", "HEAD", check=False):
        return False
    differences = _git(worktree, "diff-tree", "-r", "-z", "HEAD", tree).split("\0")
    restored = False
    for line, path in zip(differences[::2], differences[1::2], strict=False):
        old_mode, mode, old, _, _ = line[1:].split(" ")
        if old_mode[:3] != "100" or mode[:3] != "100":
            continue
        content = (worktree / path).read_bytes()
        if content in (
            _git_bytes(worktree, "cat-file", "blob", old),
            _git_bytes(worktree, "cat-file", "--filters", f"--path={path}", old),
        ):
            _git(
                worktree,
                "update-index", "--cacheinfo", f"{mode},{old},{path}",
                environment=environment,
            )  # fmt: skip
            restored = True
    return restored


class GitRefusesError(Exception):
    """Git itself makes no tree of such a state (an unmerged submodule without a commit)."""


def _git(
    worktree: Path,
    *arguments: str,
    environment: dict[str, str] | None = None,
    check: bool = True,
) -> str:
    output = _git_bytes(worktree, *arguments, environment=environment, check=check)
    return output.decode("utf-8", "surrogateescape")


def _git_bytes(
    worktree: Path,
    *arguments: str,
    environment: dict[str, str] | None = None,
    check: bool = True,
) -> bytes:
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
    if check and done.returncode:
        raise AssertionError(f"git {arguments} exited {done.returncode}: {done.stderr!r}")
    return done.stdout
