"""A snapshot is renewed if that makes the next comparison cheaper, and only if that is safe."""

from __future__ import annotations

import pytest
from support.git import Git
from support.snapshots import fresh, remember, settle, snapshot_of

from gitver_hooks.handover import renewal


def test_a_snapshot_is_renewed_after_an_expensive_comparison(git: Git) -> None:
    git.commit(**{".gitignore": "*.log\n"})
    version = remember(git)
    git.write("run.log", "1\n")
    settle()
    before = snapshot_of(git)
    assert fresh(git) == version
    assert snapshot_of(git) != before
    renewed = snapshot_of(git)
    assert fresh(git) == version
    assert snapshot_of(git) == renewed


def test_a_snapshot_is_not_renewed_within_a_tick_of_the_clock(
    git: Git, monkeypatch: pytest.MonkeyPatch
) -> None:
    git.commit(**{".gitignore": "*.log\n"})
    version = remember(git)
    git.write("run.log", "1\n")
    status = git.path.stat()
    monkeypatch.setattr(renewal, "read_clock", lambda _: (status.st_dev, status.st_ctime_ns))
    before = snapshot_of(git)
    assert fresh(git) == version
    assert snapshot_of(git) == before
    monkeypatch.setattr(renewal, "read_clock", lambda _: (status.st_dev, status.st_ctime_ns + 1))
    assert fresh(git) == version
    assert snapshot_of(git) != before


def test_a_snapshot_is_not_renewed_for_an_index_written_in_the_same_tick(
    git: Git, monkeypatch: pytest.MonkeyPatch
) -> None:
    version = remember(git)
    settle()
    git("update-index", "--force-write-index")
    status = (git.path / ".git" / "index").stat()
    monkeypatch.setattr(renewal, "read_clock", lambda _: (status.st_dev, status.st_ctime_ns))
    before = snapshot_of(git)
    assert fresh(git) == version
    assert snapshot_of(git) == before
