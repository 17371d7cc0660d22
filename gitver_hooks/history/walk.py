"""Walks the commits of a repository, newest first, reading only as many as are requested."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from itertools import count
from typing import TYPE_CHECKING

from gitver_hooks.common.errors import GitverError
from gitver_hooks.repository.repository import Repository

if TYPE_CHECKING:
    from dulwich.objects import Commit

# Committers' clocks differ: a parent may be younger than its child. Git also allows for a day
# (gitformat-commit-graph(5)).
_CLOCK_SKEW = 86_400


@dataclass(frozen=True)
class CommitData:
    """One commit. ``authored`` is the author date in ISO 8601, ``committed`` in seconds (Unix).

    ``mainline`` says whether it is on the first-parent history of HEAD.
    """

    commit: str
    subject: str
    author: str
    authored: str
    committed: int
    mainline: bool = True


def read_commit(repository: Repository, commit: str, *, mainline: bool = True) -> CommitData:
    """One commit by its full id. Raises GitverError if the repository does not have it."""
    return _data(_commit(repository, commit.encode("ascii")), mainline)


def has_commit(repository: Repository, commit: str) -> bool:
    """Whether ``commit`` is the full id of a commit that this repository has."""
    try:
        _commit(repository, commit.encode("ascii"))
    except (GitverError, ValueError):
        return False
    return True


def first_parents(
    repository: Repository, start: str, excluded: str | None = None
) -> Iterator[CommitData]:
    """``start``, its first parent, and so on; without ``excluded`` and its ancestors.

    A shallow clone ends at its boundary.
    """
    ancestors = _Ancestors(repository, excluded)
    shallow = repository.dulwich.get_shallow()
    current: bytes | None = start.encode("ascii")
    while current is not None:
        commit = _commit(repository, current)
        if ancestors.include(commit):
            return
        yield _data(commit, True)
        current = commit.parents[0] if commit.parents and current not in shallow else None


def all_branches(repository: Repository, head: str | None) -> Iterator[CommitData]:
    """The first-parent histories of HEAD and of all branches, merged by commit date."""
    shallow = repository.dulwich.get_shallow()
    order = count()
    pending: list[tuple[int, int, bytes]] = []
    mainline: set[bytes] = set()

    def add(commit_id: bytes) -> None:
        # Of commits with the same date, the first to be found is the first to be listed: a child
        # is found before its parent.
        commit = _commit(repository, commit_id)
        heapq.heappush(pending, (-commit.commit_time, next(order), commit_id))

    if head is not None:
        mainline.add(head.encode("ascii"))
        add(head.encode("ascii"))
    for commit_id in _branch_heads(repository):
        add(commit_id)
    seen: set[bytes] = set()
    while pending:
        _, _, commit_id = heapq.heappop(pending)
        if commit_id in seen:
            continue
        seen.add(commit_id)
        commit = _commit(repository, commit_id)
        yield _data(commit, commit_id in mainline)
        if commit.parents and commit_id not in shallow:
            if commit_id in mainline:
                mainline.add(commit.parents[0])
            add(commit.parents[0])


def since(commits: Iterator[CommitData], moment: datetime) -> Iterator[CommitData]:
    """The commits up to the first that was committed before ``moment``, as git log --since."""
    for commit in commits:
        if commit.committed < moment.timestamp():
            return
        yield commit


def _branch_heads(repository: Repository) -> set[bytes]:
    from dulwich.objects import Commit

    heads: set[bytes] = set()
    for name, commit_id in repository.dulwich.get_refs().items():
        if name.startswith((b"refs/heads/", b"refs/remotes/")):
            try:
                if isinstance(repository.dulwich[commit_id], Commit):
                    heads.add(commit_id)
            except KeyError:
                continue
    return heads


def _commit(repository: Repository, commit_id: bytes) -> Commit:
    from dulwich.objects import Commit

    try:
        git_object = repository.dulwich[commit_id]
    except KeyError as error:
        raise GitverError(
            f"the commit {commit_id.decode('ascii', 'replace')} is not in this clone",
            "fetch it, or deepen a shallow clone with `git fetch --deepen=100`",
        ) from error
    if not isinstance(git_object, Commit):
        raise GitverError(f"{commit_id.decode('ascii', 'replace')} is not a commit", "name one")
    return git_object


class _Ancestors:
    """The ancestors of one commit, found as far back in time as they are asked for."""

    def __init__(self, repository: Repository, commit: str | None) -> None:
        self._repository = repository
        self._known: set[bytes] = set()
        self._pending: list[tuple[int, bytes]] = []
        if commit is not None:
            self._add(commit.encode("ascii"))

    def include(self, commit: Commit) -> bool:
        while self._pending and -self._pending[0][0] >= commit.commit_time - _CLOCK_SKEW:
            _, commit_id = heapq.heappop(self._pending)
            for parent in _commit(self._repository, commit_id).parents:
                self._add(parent)
        return commit.id in self._known

    def _add(self, commit_id: bytes) -> None:
        if commit_id in self._known:
            return
        try:
            commit = _commit(self._repository, commit_id)
        except GitverError:
            return
        self._known.add(commit_id)
        heapq.heappush(self._pending, (-commit.commit_time, commit_id))


def _data(commit: Commit, mainline: bool) -> CommitData:
    encoding = (commit.encoding or b"utf-8").decode("ascii", "replace")
    try:
        message = commit.message.decode(encoding, "replace")
        author = commit.author.decode(encoding, "replace")
    except LookupError:
        message = commit.message.decode("utf-8", "replace")
        author = commit.author.decode("utf-8", "replace")
    return CommitData(
        commit=commit.id.decode("ascii"),
        subject=message.lstrip("\n").partition("\n\n")[0].replace("\n", " ").strip(),
        author=author.rpartition(" <")[0] or author,
        authored=_iso(commit.author_time, commit.author_timezone),
        committed=commit.commit_time,
        mainline=mainline,
    )


def _iso(seconds: int, offset: int) -> str:
    try:
        zone = timezone(timedelta(seconds=offset))
        return datetime.fromtimestamp(seconds, zone).isoformat()
    except (ValueError, OverflowError, OSError):
        return datetime.fromtimestamp(0, timezone.utc).isoformat()
