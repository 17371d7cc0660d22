"""Tidying: many kept versions become packed refs and packs, and stay what they were."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from support.git import Git
from support.keeping import all_objects, assert_sound, keep_version, kept_refs, location_of, logged

from gitver_hooks.common.locks import FileLock
from gitver_hooks.keeping.tidy import pack_kept


@pytest.fixture
def few_are_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gitver_hooks.keeping.tidy._MOST_LOOSE_REFS", 3)


def tidy(git: Git) -> None:
    pack_kept(location_of(git), os.environ)


def keep_versions(git: Git, count: int) -> None:
    for number in range(count):
        git.write("app.py", f"{number}\n")
        keep_version(git)


@pytest.mark.usefixtures("few_are_many")
def test_many_versions_are_packed_and_unchanged(git: Git) -> None:
    keep_versions(git, 4)
    before = git("for-each-ref", "refs/gitver"), all_objects(git)
    tidy(git)
    assert not any(Path(git.path, ".git/refs").glob("gitver/*"))
    # Those of HEAD.
    assert git("count-objects").startswith("3 objects")
    assert (git("for-each-ref", "refs/gitver"), all_objects(git)) == before
    assert_sound(git)
    assert logged(git) == ""


@pytest.mark.usefixtures("few_are_many")
def test_what_is_packed_already_is_not_packed_again(git: Git) -> None:
    keep_versions(git, 4)
    tidy(git)
    packs = set(Path(git.path, ".git/objects/pack").iterdir())
    keep_versions(git, 8)
    tidy(git)
    added = set(Path(git.path, ".git/objects/pack").iterdir()) - packs
    assert sorted(path.suffix for path in added) == [".idx", ".pack"]
    (pack,) = (path for path in added if path.suffix == ".idx")
    # Four versions: a blob, a tree and a tag each.
    assert len(git("verify-pack", "-v", str(pack)).split(" blob ")) == 5
    assert len(kept_refs(git)) == 8


def packs(git: Git) -> set[str]:
    return {path.stem for path in Path(git.path, ".git/objects/pack").glob("pack-*.pack")}


def object_ids(git: Git) -> set[str]:
    return set(git("cat-file", "--batch-all-objects", "--batch-check").splitlines())


@pytest.mark.usefixtures("few_are_many")
def test_many_packs_become_one_with_all_their_objects(
    git: Git, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also the objects of a version that was removed. Packs of somebody else stay."""
    monkeypatch.setattr("gitver_hooks.keeping.tidy._MOST_PACKS", 1)
    git("repack", "-q", "-d")
    (users,) = packs(git)
    keep_versions(git, 4)
    tidy(git)
    git("update-ref", "-d", kept_refs(git)[0])
    git("multi-pack-index", "write")
    keep_versions(git, 8)
    tidy(git)
    assert len(packs(git)) == 3, "the multi-pack index says that there are these"
    Path(git.path, ".git/objects/pack/multi-pack-index").unlink()
    objects = object_ids(git)
    keep_versions(git, 12)
    tidy(git)
    assert len(packs(git)) == 2
    assert users in packs(git)
    assert objects < object_ids(git)
    assert not list(Path(git.path, ".git/objects/pack").glob(".tmp*"))
    assert len(list(Path(git.path, ".git/objects/pack").glob("*.idx"))) == 2
    assert_sound(git)
    assert logged(git) == ""


@pytest.mark.usefixtures("few_are_many")
def test_large_packs_and_those_that_are_to_be_kept_are_not_merged(
    git: Git, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gitver_hooks.keeping.tidy._MOST_PACKS", 1)
    keep_versions(git, 4)
    tidy(git)
    (first,) = packs(git)
    keep = git.write(f".git/objects/pack/{first}.keep")
    keep_versions(git, 8)
    tidy(git)
    assert len(packs(git)) == 2
    keep.unlink()
    monkeypatch.setattr("gitver_hooks.keeping.tidy._LARGEST_MERGED", 1)
    keep_versions(git, 12)
    tidy(git)
    assert len(packs(git)) == 3


@pytest.mark.usefixtures("few_are_many")
def test_nobody_packs_twice_at_once(git: Git) -> None:
    keep_versions(git, 4)
    with FileLock(os.path.join(location_of(git).shared_state_dir, "tidy.lock")):
        tidy(git)
    assert packs(git) == set()


def test_a_few_versions_are_left_alone(git: Git) -> None:
    keep_versions(git, 2)
    tidy(git)
    assert len(list(Path(git.path, ".git/refs/gitver").iterdir())) == 2


@pytest.mark.usefixtures("few_are_many")
def test_objects_that_nothing_keeps_stay_loose(git: Git) -> None:
    git.write("loose", "not kept\n")
    made = git("hash-object", "-w", "loose")
    (git.path / "loose").unlink()
    keep_versions(git, 4)
    tidy(git)
    assert Path(git.path, ".git/objects", made[:2], made[2:]).exists()


@pytest.mark.usefixtures("few_are_many")
def test_a_failure_is_a_line_in_the_log(git: Git, monkeypatch: pytest.MonkeyPatch) -> None:
    keep_versions(git, 4)
    monkeypatch.setenv("PATH", "")
    tidy(git)
    assert "kept versions cannot be packed" in logged(git)


@pytest.mark.usefixtures("few_are_many")
def test_a_pack_with_the_objects_of_all_others_stays(
    git: Git, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it is merged into may be the pack itself: git names a pack by its content."""
    monkeypatch.setattr("gitver_hooks.keeping.tidy._MOST_PACKS", 1)
    keep_versions(git, 4)
    tidy(git)
    (all_of_them,) = packs(git)
    objects = object_ids(git)
    pack_objects = ["git", "pack-objects", "-q", ".git/objects/pack/pack"]
    one_object = git("rev-parse", f"{kept_refs(git)[0]}^{{tree}}").encode()
    made = subprocess.run(pack_objects, cwd=git.path, input=one_object, capture_output=True)
    state = Path(location_of(git).shared_state_dir, "packs")
    state.write_text(f"{state.read_text()}pack-{made.stdout.decode()}")
    assert len(packs(git)) == 2
    for ref in kept_refs(git):
        git("update-ref", f"{ref}-again", ref)
    tidy(git)
    assert packs(git) == {all_of_them}
    assert object_ids(git) == objects
    assert_sound(git)


@pytest.mark.usefixtures("few_are_many")
def test_packs_that_git_has_replaced_are_forgotten(
    git: Git, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gitver_hooks.keeping.tidy._MOST_PACKS", 1)
    keep_versions(git, 4)
    tidy(git)
    git("repack", "-q", "-a", "-d")
    (gits,) = packs(git)
    keep_versions(git, 8)
    tidy(git)
    assert len(packs(git)) == 2
    assert gits in packs(git)
    assert_sound(git)


def test_a_repository_without_kept_versions_has_nothing_to_pack(git: Git) -> None:
    tidy(git)
    assert packs(git) == set()
    assert logged(git) == ""
