"""The walk through commits, compared with ``git log``."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from itertools import islice
from pathlib import Path

import pytest
from support.git import Git

from gitver_hooks.common.errors import GitverError
from gitver_hooks.history import walk
from gitver_hooks.repository.repository import Repository, open_repository

DAY = 86_400


@contextmanager
def opened(git: Git) -> Iterator[Repository]:
    with open_repository(git.path, os.environ) as repository:
        yield repository


def imported(git: Git, count: int) -> None:
    """A history of ``count`` commits, a day each, made in one go."""
    stream = "".join(
        f"commit refs/heads/long\ncommitter T <t@example.com> {1_500_000_000 + n * DAY} +0130\n"
        f"data 6\n{n:06}\n"
        for n in range(count)
    )
    subprocess.run(
        ["git", "fast-import", "--quiet"], cwd=git.path, input=stream.encode(), check=True
    )


def commits(found: Iterator[walk.CommitData]) -> list[str]:
    return [commit.commit for commit in found]


def test_the_first_parents_are_those_of_git(git: Git) -> None:
    git("switch", "-q", "-c", "side")
    git.commit("on the side")
    git("switch", "-q", "main")
    git.commit("on main")
    git("merge", "-q", "--no-edit", "side")
    git.commit("after the merge")
    with opened(git) as repository:
        found = commits(walk.first_parents(repository, git("rev-parse", "HEAD")))
    assert found == git("rev-list", "--first-parent", "HEAD").split()


@pytest.mark.parametrize("excluded", ["side", "main~2", "main~1", "HEAD"])
def test_a_range_leaves_out_all_ancestors_of_its_start(git: Git, excluded: str) -> None:
    git("switch", "-q", "-c", "side")
    git.commit("on the side")
    git("switch", "-q", "main")
    git.commit("on main")
    git("merge", "-q", "--no-edit", "side")
    git.commit("after the merge")
    start = git("rev-parse", excluded)
    with opened(git) as repository:
        found = commits(walk.first_parents(repository, git("rev-parse", "HEAD"), start))
    assert found == git("rev-list", "--first-parent", f"{excluded}..HEAD").split()


def test_all_branches_are_merged_by_date_and_the_mainline_is_marked(git: Git) -> None:
    git("switch", "-q", "-c", "side")
    git.commit("on the side")
    git("switch", "-q", "main")
    git("commit", "-q", "--allow-empty", "-m", "on main", GIT_COMMITTER_DATE="2025-07-01T00:00:00Z")
    with opened(git) as repository:
        found = list(walk.all_branches(repository, repository.head_commit()))
    assert [(c.subject, c.mainline) for c in found] == [
        ("on main", True),
        ("on the side", False),
        ("first", True),
    ]


def test_since_stops_at_the_first_older_commit(git: Git) -> None:
    imported(git, 10)
    start = git("rev-parse", "long")
    moment = datetime.fromtimestamp(1_500_000_000 + 7 * DAY, timezone.utc)
    with opened(git) as repository:
        found = list(walk.since(walk.first_parents(repository, start), moment))
    assert [commit.subject for commit in found] == ["000009", "000008", "000007"]


def test_a_walk_reads_no_more_commits_than_it_is_asked_for(
    git: Git, monkeypatch: pytest.MonkeyPatch
) -> None:
    imported(git, 3000)
    read: list[bytes] = []
    original = walk._commit

    def counted(repository: Repository, commit_id: bytes):  # type: ignore[no-untyped-def]
        read.append(commit_id)
        return original(repository, commit_id)

    monkeypatch.setattr(walk, "_commit", counted)
    start, before = git("rev-parse", "long"), git("rev-parse", "long~30")
    with opened(git) as repository:
        assert len(list(islice(walk.first_parents(repository, start), 20))) == 20
        assert len(read) <= 21
        assert len(list(walk.first_parents(repository, start, before))) == 30
        assert len(list(islice(walk.all_branches(repository, start), 20))) == 20
    assert len(read) <= 200


def test_a_shallow_clone_ends_at_its_boundary(git: Git, tmp_path: Path) -> None:
    for number in range(4):
        git.commit(f"change {number}")
    git("clone", "-q", "--depth", "2", f"file://{git.path}", str(tmp_path / "shallow"))
    shallow = Git(tmp_path / "shallow")
    with opened(shallow) as repository:
        start = shallow("rev-parse", "HEAD")
        assert len(list(walk.first_parents(repository, start))) == 2
        assert len(list(walk.all_branches(repository, start))) == 2
        with pytest.raises(GitverError, match="not in this clone"):
            walk.read_commit(repository, git("rev-parse", "HEAD~3"))


def test_commits_are_read_as_git_shows_them(git: Git) -> None:
    git(
        *("-c", "i18n.commitEncoding=ISO-8859-1", "commit", "-q", "--allow-empty"),
        *("-m", "Grüße\nzweite Zeile\n\nText", "--author", "Zoë <z@example.com>"),
        GIT_AUTHOR_DATE="2025-06-01T12:00:00+0530",
    )
    with opened(git) as repository:
        found = walk.read_commit(repository, git("rev-parse", "HEAD"))
    assert found.author == git("log", "-1", "--format=%an")
    assert found.authored == git("log", "-1", "--format=%aI")
    assert found.subject == git("log", "-1", "--format=%s")
