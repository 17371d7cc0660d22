"""Says how to get a commit that this clone does not have."""

from __future__ import annotations

from gitver_hooks.common.errors import GitverError
from gitver_hooks.history.source import Source
from gitver_hooks.restoring.remote_refs import has_remote
from gitver_hooks.restoring.wanted import Wanted


def missing_commit(source: Source, wanted: Wanted) -> GitverError:
    """The failure of a version whose commit is missing: which fetch would bring it."""
    message = f"the commit {wanted.commit or 'of ' + wanted.version} is not in this clone"
    remote = source.settings.remote
    if not wanted.commit or not has_remote(source.repository, remote):
        return GitverError(message, "fetch it from a clone that has it")
    remedy = fetch_command(remote, wanted.commit)
    if wanted.branch:
        remedy += f"; it was recorded on the branch {wanted.branch}"
    return GitverError(message, f"{remedy}")


def fetch_command(remote: str, commit: str) -> str:
    """What to type to get ``commit``, as a phrase."""
    return f"run `git fetch {remote} {commit}`"
