"""Says how to get a commit that this clone does not have."""

from __future__ import annotations

import shlex

from gitver_hooks.common.errors import GitverError
from gitver_hooks.history.source import Source
from gitver_hooks.restoring.remote_refs import has_remote
from gitver_hooks.restoring.wanted import Wanted


def missing_commit(source: Source, wanted: Wanted) -> GitverError:
    """The failure of a version whose commit is missing: which fetch would bring it."""
    if not wanted.commit:
        return GitverError(
            f"MLflow names no commit for {wanted.version}", "restore another version"
        )
    remedy = how_to_get(source, wanted.commit)
    if wanted.branch:
        remedy += f"; it was recorded on the branch {wanted.branch}"
    return GitverError(f"the commit {wanted.commit} is not in this clone", remedy)


def how_to_get(source: Source, commit: str) -> str:
    """A phrase that says how to get ``commit``, a full id."""
    remote = source.settings.remote
    if not has_remote(source.repository, remote):
        return "fetch it from a clone that has it"
    # People copy this to a shell.
    return f"run `git fetch {shlex.quote(remote)} {commit}`"
