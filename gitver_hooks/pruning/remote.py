"""Lists and deletes kept versions at a remote."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple
from urllib.parse import unquote

from gitver_hooks.common.errors import GitverError
from gitver_hooks.keeping.kept_refs import PREFIX
from gitver_hooks.repository.git_command import git_in, last_line
from gitver_hooks.repository.repository import Repository

# A server may list anything. The digest of an id that was too long names no version.
_LINE = re.compile(rf"([0-9a-f]{{40}}|[0-9a-f]{{64}})\t{PREFIX}([\w.%@-]+)")
_PER_PUSH = 100


class RemoteRef(NamedTuple):
    """A ref under ``refs/gitver/`` at a remote, and the id of the object that it points to."""

    suffix: str
    tag: str

    @property
    def version(self) -> str:
        """The version id that the ref is for."""
        return unquote(self.suffix)


def remote_refs(repository: Repository, remote: str) -> list[RemoteRef]:
    """The kept versions at the remote, a name. Raises GitverError if it cannot be reached."""
    completed = git_in(repository).attempt("ls-remote", "--refs", "--", remote, f"{PREFIX}*")
    if completed.returncode:
        raise GitverError(
            f"{remote} cannot be read: {last_line(completed.stderr)}", "check the remote"
        )
    matches = map(_LINE.fullmatch, completed.stdout.decode("utf-8", "replace").splitlines())
    refs = [RemoteRef(match[2], match[1]) for match in matches if match]
    return [ref for ref in refs if "-dirty-" in ref.suffix]


def delete_remote_refs(repository: Repository, remote: str, refs: Sequence[RemoteRef]) -> None:
    """Delete the refs at the remote, unless they point to something else by now.

    Raises GitverError if the remote refuses.
    """
    for start in range(0, len(refs), _PER_PUSH):
        batch = refs[start : start + _PER_PUSH]
        leases = [f"--force-with-lease={PREFIX}{ref.suffix}:{ref.tag}" for ref in batch]
        names = [f":{PREFIX}{ref.suffix}" for ref in batch]
        completed = git_in(repository).attempt(
            "push", "--quiet", "--no-verify", *leases, "--", remote, *names
        )
        if completed.returncode:
            reason = last_line(completed.stderr)
            raise GitverError(
                f"{remote} does not delete its versions: {reason}", "check your permissions there"
            )
