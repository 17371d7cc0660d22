"""The refs under ``refs/gitver/``: which versions are kept, since when, and how to let one go."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, NamedTuple

from gitver_hooks.common.files import make_state_folder, open_state_file
from gitver_hooks.gitfiles.location import Location
from gitver_hooks.keeping.kept_version import KeptVersion, ref_suffix
from gitver_hooks.repository.repository import Repository

if TYPE_CHECKING:
    pass

PREFIX = "refs/gitver/"


class KeptRef(NamedTuple):
    """A kept version, the name of its ref, and the id of the tag object that it points to.

    ``age`` is the time since the version was last recorded in this repository, in seconds. For a
    version that was fetched, it is the time since its ref was written.
    """

    kept: KeptVersion
    name: str
    tag: str
    age: float


def ref_name(version_id: str) -> str:
    """The name of the ref that holds a version."""
    return PREFIX + ref_suffix(version_id)


def read_kept(repository: Repository, version_id: str) -> KeptVersion | None:
    """The kept version with this id; None if there is none, or if its ref holds something else."""
    kept = _read(repository, ref_name(version_id).encode())
    return kept[1] if kept is not None and kept[1].version == version_id else None


def all_kept(repository: Repository) -> list[KeptRef]:
    """All kept versions, the oldest first. Refs that hold something else are left out."""
    now = time.time()
    found = []
    for suffix in repository.repo.refs.subkeys(PREFIX.encode()):  # type: ignore[arg-type]
        kept = _read(repository, PREFIX.encode() + suffix)
        if kept is not None:
            name = PREFIX + suffix.decode("utf-8", "surrogateescape")
            age = max(0.0, now - _recorded(repository.location, name))
            found.append(KeptRef(kept[1], name, kept[0].decode("ascii"), age))
    return sorted(found, key=lambda ref: (-ref.age, ref.name))


def delete_kept(repository: Repository, ref: KeptRef) -> bool:
    """Remove the ref; False if it points to something else by now, or is being changed.

    Git removes the objects itself when it collects garbage. Raises OSError.
    """
    from dulwich.file import FileLocked

    try:
        removed = repository.repo.refs.remove_if_equals(
            ref.name.encode("utf-8", "surrogateescape"),  # type: ignore[arg-type]
            ref.tag.encode("ascii"),  # type: ignore[arg-type]
        )
    except FileLocked:
        return False
    if removed:
        try:
            os.unlink(_stamp(repository.location, ref.name))
        except OSError:
            pass
    return removed


def note_recorded(location: Location, version_id: str) -> None:
    """Remember that a kept version was recorded now. Raises OSError."""
    path = _stamp(location, ref_name(version_id))
    make_state_folder(os.path.dirname(path))
    os.close(open_state_file(path, os.O_WRONLY | os.O_CREAT))
    os.utime(path)


def _read(repository: Repository, name: bytes) -> tuple[bytes, KeptVersion] | None:
    try:
        tag_id = repository.repo.refs[name]  # type: ignore[index]
        tag = repository.repo.object_store[tag_id]
        return tag_id, KeptVersion.parse(tag.as_raw_string())
    except (KeyError, ValueError):
        return None


def _stamp(location: Location, name: str) -> str:
    """A file whose time is that of the last recording: the tag's own date depends on content."""
    return os.path.join(location.shared_state_dir, "kept", name.removeprefix(PREFIX))


def _recorded(location: Location, name: str) -> float:
    """When a version was last recorded; the time of its ref if it never was; else now."""
    for path in (
        _stamp(location, name),
        os.path.join(location.common_dir, name),
        os.path.join(location.common_dir, "packed-refs"),
        os.path.join(location.common_dir, "reftable", "tables.list"),
    ):
        try:
            return os.stat(path).st_mtime
        except OSError:
            continue
    return time.time()
