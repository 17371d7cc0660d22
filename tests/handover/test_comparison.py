"""Comparing a worktree with its snapshot, from any working directory and without false alarms."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from support.git import Git
from support.locations import location_of

from gitver_hooks.gitfiles.location import Location
from gitver_hooks.handover import freshness
from gitver_hooks.handover import snapshot as snapshots
from gitver_hooks.handover.comparison import Moved, compare, same_index
from gitver_hooks.repository.repository import open_repository
from gitver_hooks.worktree.content import read_content

VERSION = "main\udcff"


@pytest.fixture
def worktree(git: Git) -> Location:
    """A worktree with a snapshot; two files, one in a folder, and one that is ignored."""
    git.commit(**{"pkg/mod.py": "1\n", ".gitignore": "*.log\n"})
    return saved(git)


def saved(git: Git) -> Location:
    """The worktree, after its snapshot was saved."""
    worktree = location_of(git.path)
    with open_repository(worktree, os.environ) as repository:
        content = read_content(repository)
    assert freshness.save(worktree, content.observation, VERSION)
    return worktree


def snapshot_of(worktree: Location) -> snapshots.Snapshot:
    snapshot = snapshots.load(worktree.state_dir, freshness.SNAPSHOT)
    assert snapshot is not None
    return snapshot


def moved(worktree: Location) -> Moved:
    found = compare(worktree, snapshot_of(worktree))
    assert found is not None
    return found


def test_nothing_moved_in_an_untouched_worktree(worktree: Location) -> None:
    found = moved(worktree)
    assert (found.directories, found.indexes, found.used_rules) == ({}, set(), False)
    assert not found.worth_renewing
    assert freshness.fresh_version(worktree) == VERSION


def test_an_index_that_git_refreshed_has_moved(git: Git, worktree: Location) -> None:
    git("update-index", "--force-write-index")
    found = moved(worktree)
    index = os.fsencode(git.path / ".git" / "index")
    assert (found.directories, found.indexes, found.used_rules) == ({}, {index}, False)
    assert found.worth_renewing
    snapshot = snapshot_of(worktree)
    assert same_index(worktree, snapshot, index)
    assert not same_index(worktree, snapshot, os.fsencode(git.path / ".git" / "packed-refs"))
    assert not same_index(worktree, snapshot, index + b"x")
    git("rm", "-q", "--cached", "app.py")
    assert not same_index(worktree, snapshot, index)


def test_each_of_several_indexes_is_found(git: Git, worktree: Location) -> None:
    snapshot = snapshot_of(worktree)
    index, digest, length = snapshot.indexes.split(b"\0")
    snapshot.indexes = b"\0".join((b"/other/index", b"00", b"20", index, digest, length))
    assert same_index(worktree, snapshot, index)
    assert not same_index(worktree, snapshot, digest)


def test_an_index_with_longer_ids_is_compared(make_git: Callable[..., Git]) -> None:
    git = make_git("modern", "--object-format=sha256")
    git.commit(a="1\n")
    worktree = saved(git)
    git("update-index", "--force-write-index")
    assert moved(worktree).indexes == {os.fsencode(git.path / ".git" / "index")}


def test_a_folder_whose_names_are_the_same_has_moved(git: Git, worktree: Location) -> None:
    git.write("pkg/temporary", "1\n").unlink()
    found = moved(worktree)
    assert (found.directories, found.indexes, found.used_rules) == ({1: []}, set(), False)
    assert not found.worth_renewing


def test_ignore_rules_are_read_for_a_new_name(git: Git, worktree: Location) -> None:
    git.write("pkg/run.log", "1\n")
    found = moved(worktree)
    assert (found.directories, found.indexes, found.used_rules) == ({1: [b"frun.log"]}, set(), True)
    assert found.worth_renewing


def test_a_snapshot_is_renewed_for_many_folders_only(git: Git) -> None:
    git.commit(**{f"{number}/file": "1\n" for number in range(9)})
    worktree = saved(git)
    for number in range(8):
        git.write(f"{number}/temporary", "1\n").unlink()
    assert not moved(worktree).worth_renewing
    git.write("8/temporary", "1\n").unlink()
    assert moved(worktree).worth_renewing


@pytest.mark.parametrize("folder", [".", "pkg", "..", "gone"])
def test_the_working_directory_makes_no_difference(
    git: Git, worktree: Location, monkeypatch: pytest.MonkeyPatch, folder: str
) -> None:
    removed = git.path.parent / "gone"
    removed.mkdir()
    monkeypatch.chdir(removed if folder == "gone" else git.path / folder)
    removed.rmdir()
    assert moved(worktree).directories == {}
    git.write("pkg/mod.py", "2\n")
    assert compare(worktree, snapshot_of(worktree)) is None
    assert freshness.fresh_version(worktree) is None


def test_a_folder_that_is_gone_with_what_is_ignored_in_it_changes_nothing(git: Git) -> None:
    git.commit(**{".gitignore": "*.log\n", "kept/mod.py": "1\n"})
    git.write("logs/run.log", "1\n")
    worktree = saved(git)
    shutil.rmtree(git.path / "logs")
    assert freshness.fresh_version(worktree) == VERSION
    git.write("kept/mod.py", "2\n")
    assert freshness.fresh_version(worktree) is None


def test_a_worktree_without_files_is_compared(make_git: Callable[..., Git]) -> None:
    git = make_git()
    worktree = saved(git)
    assert freshness.fresh_version(worktree) == VERSION
    git.write("new.py", "1\n")
    assert freshness.fresh_version(worktree) is None


def test_an_unsound_observation_removes_the_snapshot(git: Git, worktree: Location) -> None:
    path = Path(worktree.state_dir, freshness.SNAPSHOT)
    with open_repository(worktree, os.environ) as repository:
        observation = read_content(repository).observation
    observation.sound = False
    assert freshness.save(worktree, observation, VERSION) is False
    assert not path.exists()
    # There is none to be removed any more.
    assert freshness.save(worktree, observation, VERSION) is False


def test_a_snapshot_with_contradictory_sections_is_not_trusted(worktree: Location) -> None:
    """Its lengths are right, but no writer would write it."""
    snapshot = snapshot_of(worktree)
    snapshot.pinned_signatures = snapshot.pinned_signatures[:-1]
    Path(worktree.state_dir, freshness.SNAPSHOT).write_bytes(snapshots.encode(snapshot))
    assert freshness.fresh_version(worktree) is None
