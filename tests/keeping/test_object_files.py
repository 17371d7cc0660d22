"""Object files: a failure leaves nothing behind, and a group can write to the folders it shares."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.git import Git

from gitver_hooks.keeping.object_files import BLOB, GitObject, object_id, write_loose, write_pack


def test_a_pack_that_cannot_be_completed_is_removed(git: Git) -> None:
    def objects() -> Iterator[GitObject]:
        yield GitObject(BLOB, object_id(BLOB, b"1", "sha1"), b"1")
        raise OSError("the captured file is gone")

    objects_folder = git.path / ".git" / "objects"
    before = sorted(objects_folder.rglob("*"))
    with pytest.raises(OSError, match="gone"):
        write_pack(str(objects_folder), objects(), 2, "sha1")
    assert sorted(objects_folder.rglob("*")) == before


def test_a_shared_repository_stays_writable_for_its_group(tmp_path: Path) -> None:
    """As git does with core.sharedRepository."""
    objects = tmp_path / "objects"
    objects.mkdir()
    objects.chmod(0o2775)
    made = GitObject(BLOB, object_id(BLOB, b"shared", "sha1"), b"shared")
    write_loose(str(objects), made)
    assert (objects / made.id[:2]).stat().st_mode & 0o7777 == 0o2775
