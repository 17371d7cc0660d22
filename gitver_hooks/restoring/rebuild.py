"""Rebuilds the tree of a dirty version from its commit and the diff that MLflow has of it."""

from __future__ import annotations

import os
import tempfile
from typing import NamedTuple

from gitver_hooks.common.errors import GitverError
from gitver_hooks.registry.limits import CUT
from gitver_hooks.repository.git_command import git_in, last_line
from gitver_hooks.repository.repository import Repository
from gitver_hooks.version.patch import unquote_path

_PATCH = "diff --git "
# What version.diff.not_shown writes for a change that the diff leaves out.
_NOT_SHOWN, _CUT = "# not shown (", "# cut: "
# A user's apply.whitespace or apply.ignoreWhitespace must not change the result.
_EXACTLY = ("-c", "apply.ignoreWhitespace=no", "apply", "--cached", "--whitespace=nowarn")


def rebuild(repository: Repository, commit: str, diff: str) -> str:
    """The id of the tree that ``diff`` makes of the commit's tree; it is in the object database.

    git refuses patches for paths outside the tree and in ``.git`` (git-apply(1)). The result is
    only as good as the diff: compare it with the tree that was recorded. Raises GitverError if the
    diff does not apply.
    """
    with tempfile.TemporaryDirectory(prefix="gitver-") as folder:
        git = git_in(repository, index=os.path.join(folder, "index"))
        git.run("read-tree", f"{commit}^{{tree}}")
        if _PATCH in diff:
            completed = git.attempt(*_EXACTLY, stdin=diff.encode("utf-8", "surrogateescape"))
            if completed.returncode:
                raise GitverError(f"the diff does not apply: {last_line(completed.stderr)}")
        return git.run("write-tree").decode("ascii").strip()


class LeftOut(NamedTuple):
    """A changed path that a diff does not show, and why not."""

    path: bytes
    reason: str


def left_out(diff: str) -> list[LeftOut] | None:
    """The changes that ``diff`` leaves out; None if it does not name all of them."""
    if diff.endswith(CUT):
        return None
    omitted: list[LeftOut] = []
    # Not splitlines: a changed line may contain a form feed.
    for line in diff.split("\n"):
        if line.startswith(_NOT_SHOWN):
            reason, _, path = line.removeprefix(_NOT_SHOWN).partition("): ")
            try:
                omitted.append(LeftOut(unquote_path(path), reason))
            except ValueError:
                return None
        elif line.startswith(_CUT):
            return None
    return omitted
