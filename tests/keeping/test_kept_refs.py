"""Kept refs: found, with their age, and removed; whatever format the refs have."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from dulwich.objects import ObjectID
from dulwich.refs import Ref
from dulwich.reftable import ReftableRefsContainer
from support.git import Git
from support.keeping import capture_version, keep_version, kept_refs, location_of, logged

from gitver_hooks.common.errors import GitverError
from gitver_hooks.keeping.captured import captured_paths
from gitver_hooks.keeping.kept_refs import (
    all_kept,
    delete_kept,
    note_recorded,
    read_kept,
    ref_name,
    write_ref,
)
from gitver_hooks.keeping.kept_version import KeptVersion
from gitver_hooks.repository.repository import open_repository


def keep_by_hand(git: Git, version: str) -> KeptVersion:
    """Keep HEAD's tree as ``version`` with git's own commands."""
    tree = git("rev-parse", "HEAD^{tree}")
    kept = KeptVersion(version, git("rev-parse", "HEAD"), tree, tree, "app")
    path = git.write(".git/tag", kept.to_tag(1))
    git("update-ref", ref_name(version), git("hash-object", "-t", "tag", "-w", str(path)))
    return kept


def test_a_kept_version_is_found_by_its_id(git: Git) -> None:
    kept = keep_by_hand(git, "one")
    with open_repository(git.path, os.environ) as repository:
        assert read_kept(repository, "one") == kept
        assert read_kept(repository, "two") is None


def test_a_ref_that_holds_another_version_is_not_believed(git: Git) -> None:
    keep_by_hand(git, "one")
    git("update-ref", ref_name("two"), ref_name("one"))
    git("update-ref", ref_name("three"), "HEAD")
    with open_repository(git.path, os.environ) as repository:
        assert read_kept(repository, "two") is None
        assert read_kept(repository, "three") is None
        assert [ref.kept.version for ref in all_kept(repository) if ref.name[-5:] == "three"] == []


def test_the_oldest_comes_first_whether_refs_are_packed_or_not(git: Git) -> None:
    for version in ("one", "two", "three"):
        keep_by_hand(git, version)
    git("pack-refs", "--all")
    keep_by_hand(git, "four")
    day = 86_400.0
    with open_repository(git.path, os.environ) as repository:
        for version, age in (("two", 3 * day), ("four", 2 * day), ("one", 0.0)):
            note_recorded(repository.location, version)
            stamp = Path(repository.location.shared_state_dir, "kept", version)
            os.utime(stamp, (time.time() - age,) * 2)
        os.utime(git.path / ".git/packed-refs", (time.time() - day,) * 2)
        found = all_kept(repository)
    assert [ref.kept.version for ref in found] == ["two", "four", "three", "one"]
    assert [round(ref.age / day) for ref in found] == [3, 2, 1, 0]


def test_a_recording_makes_a_version_young_again(git: Git) -> None:
    keep_by_hand(git, "one")
    with open_repository(git.path, os.environ) as repository:
        note_recorded(repository.location, "one")
        stamp = Path(repository.location.shared_state_dir, "kept", "one")
        os.utime(stamp, (1, 1))
        note_recorded(repository.location, "one")
        assert all_kept(repository)[0].age < 3600
        # The clock was set back.
        os.utime(stamp, (2**33, 2**33))
        assert all_kept(repository)[0].age == 0


@pytest.mark.parametrize("packed", [False, True])
def test_a_deleted_version_is_gone(git: Git, packed: bool) -> None:
    keep_by_hand(git, "one")
    keep_by_hand(git, "two")
    if packed:
        git("pack-refs", "--all")
    with open_repository(git.path, os.environ) as repository:
        note_recorded(repository.location, "one")
        (ref,) = (ref for ref in all_kept(repository) if ref.kept.version == "one")
        assert delete_kept(repository, ref)
        assert read_kept(repository, "one") is None
        assert not delete_kept(repository, ref)
        assert os.listdir(Path(repository.location.shared_state_dir, "kept")) == []
    assert git("for-each-ref", "--format=%(refname)", "refs/gitver") == ref_name("two")


def test_an_empty_file_of_packed_refs_is_none(git: Git) -> None:
    git.write("app.py", "changed\n")
    git.write(".git/packed-refs", "")
    version = keep_version(git)
    with open_repository(git.path, os.environ) as repository:
        assert read_kept(repository, "another") is None
        (ref,) = all_kept(repository)
        assert ref.kept.version == version.id
        assert delete_kept(repository, ref)
    assert kept_refs(git) == []


def test_a_ref_that_somebody_else_is_writing_is_not_waited_for(git: Git) -> None:
    kept = keep_by_hand(git, "one")
    git.write(f".git/{ref_name('two')}.lock")
    with open_repository(git.path, os.environ) as repository:
        (ref,) = all_kept(repository)
        with pytest.raises(GitverError, match="being changed by another process"):
            write_ref(repository, kept._replace(version="two"), ref.tag)


def test_reftables_are_read_but_never_written(git: Git) -> None:
    """Only git writes them with the locks and numbers that git expects."""
    kept = keep_by_hand(git, "one")
    refs = dict(line.split() for line in git("show-ref").splitlines())
    git("config", "core.repositoryFormatVersion", "1")
    git("config", "extensions.refStorage", "reftable")
    tables = Path(git.path, ".git/reftable")
    tables.mkdir()
    container = ReftableRefsContainer(str(git.path / ".git"))
    container.add_packed_refs({Ref(n.encode()): ObjectID(id_.encode()) for id_, n in refs.items()})
    container.set_symbolic_ref(b"HEAD", b"refs/heads/main")
    before = sorted(path.name for path in tables.iterdir())
    git.write("app.py", "changed\n")
    capture_version(git)
    assert "in reftables, which gitver only reads" in logged(git)
    assert captured_paths(location_of(git)) == []
    with open_repository(git.path, os.environ) as repository:
        (ref,) = all_kept(repository)
        assert ref.kept == kept
        assert not delete_kept(repository, ref)
        with pytest.raises(GitverError, match="reftables"):
            write_ref(repository, kept._replace(version="two"), ref.tag)
    assert sorted(path.name for path in tables.iterdir()) == before


def test_a_ref_that_has_changed_meanwhile_is_not_deleted(git: Git) -> None:
    keep_by_hand(git, "one")
    with open_repository(git.path, os.environ) as repository:
        (ref,) = all_kept(repository)
        git("update-ref", ref.name, "HEAD")
        assert not delete_kept(repository, ref)
        git("update-ref", ref.name, ref.tag)
        git.write(f".git/{ref.name}.lock")
        assert not delete_kept(repository, ref)


def test_linked_worktrees_share_the_refs(git: Git, tmp_path: Path) -> None:
    kept = keep_by_hand(git, "one")
    git("worktree", "add", "-q", str(tmp_path / "linked"))
    with open_repository(tmp_path / "linked", os.environ) as repository:
        assert read_kept(repository, "one") == kept
        assert [ref.kept for ref in all_kept(repository)] == [kept]


def test_sha256_repositories_have_kept_versions(make_git: Callable[..., Git]) -> None:
    git = make_git("wide", "--object-format=sha256")
    git.commit(app="1")
    kept = keep_by_hand(git, "one")
    with open_repository(git.path, os.environ) as repository:
        assert read_kept(repository, "one") == kept
