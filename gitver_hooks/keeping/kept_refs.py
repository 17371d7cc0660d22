"""Reads, writes and deletes the refs of kept versions, under ``refs/gitver/``."""

from __future__ import annotations

import os
import time
from typing import NamedTuple

from gitver_hooks.common.errors import GitverError
from gitver_hooks.common.files import make_state_folder, open_state_file
from gitver_hooks.gitfiles.location import Location
from gitver_hooks.gitfiles.refs import uses_reftables
from gitver_hooks.keeping.kept_version import KeptVersion, ref_suffix
from gitver_hooks.repository.repository import Repository

PREFIX = "refs/gitver/"
# Seconds.
_LONGEST_WRITE = 60.0


class KeptRef(NamedTuple):
    """A kept version, the name of its ref, and the id of the tag object that it points to.

    ``age`` is the time since the version was last recorded in this repository, in seconds. For a
    version that was fetched, it is the time since its ref was written. ``used``: somebody is known
    to have used the version (see ``note_used``).
    """

    kept: KeptVersion
    name: str
    tag: str
    age: float
    used: bool = False


def ref_name(version_id: str) -> str:
    """The name of the ref that holds a version."""
    return PREFIX + ref_suffix(version_id)


def read_kept(repository: Repository, version_id: str) -> KeptVersion | None:
    """The kept version with this id; None if there is none, or if its ref holds something else."""
    kept = _read(repository, ref_name(version_id).encode())
    return kept[1] if kept is not None and kept[1].version == version_id else None


def read_kept_at(repository: Repository, name: str) -> KeptVersion | None:
    """The kept version that the ref ``name`` holds; None if there is none."""
    kept = _read(repository, name.encode("utf-8", "surrogateescape"))
    return None if kept is None else kept[1]


def all_kept(repository: Repository) -> list[KeptRef]:
    """All kept versions, the oldest first. Refs that hold something else are left out."""
    now = time.time()
    refs = []
    # Without the slash: dulwich's class for reftables strips one itself.
    for suffix in repository.dulwich.refs.subkeys(PREFIX[:-1].encode()):  # type: ignore[arg-type]
        kept = _read(repository, PREFIX.encode() + suffix)
        if kept is not None:
            name = PREFIX + suffix.decode("utf-8", "surrogateescape")
            recorded, used = _noted(repository.location, name)
            age = max(0.0, now - recorded)
            refs.append(KeptRef(kept[1], name, kept[0].decode("ascii"), age, used))
    return sorted(refs, key=lambda ref: (-ref.age, ref.name))


def check_ref_storage(location: Location) -> None:
    """Raise GitverError if the refs are in reftables: only git itself writes those safely."""
    if uses_reftables(location):
        raise GitverError(
            f"the refs of {location.common_dir} are in reftables, which gitver only reads",
            "run `git refs migrate --ref-format=files`, or set `keep: off`",
        )


def write_ref(repository: Repository, kept: KeptVersion, tag: str) -> None:
    """Let the version's ref point to the tag object with the id ``tag``.

    A ref that holds the version already, with no more cut out, stays as it is. Raises OSError, and
    GitverError if somebody else is changing the ref.
    """
    from dulwich.file import FileLocked

    check_ref_storage(repository.location)
    present = read_kept(repository, kept.version)
    if present is not None and len(present.cuts) <= len(kept.cuts):
        return
    name = ref_name(kept.version)
    _remove_stale_lock(repository.location, name)
    try:
        # Without a message, dulwich writes no reflog.
        repository.dulwich.refs.set_if_equals(name.encode(), None, tag.encode("ascii"))  # type: ignore[arg-type]
    except FileLocked as error:
        raise GitverError(f"{name} is being changed by another process") from error


def delete_kept(repository: Repository, ref: KeptRef) -> bool:
    """Remove the ref; False if it points to something else by now, or cannot be changed now.

    Git removes the objects itself when it collects garbage. Raises OSError.
    """
    from dulwich.file import FileLocked

    if uses_reftables(repository.location):
        return False
    try:
        removed = repository.dulwich.refs.remove_if_equals(
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


def note_recorded_again(location: Location, version_id: str) -> bool:
    """As ``note_recorded``, but returns False if the version is not kept any more."""
    try:
        os.utime(_stamp(location, ref_name(version_id)))
    except OSError:
        return False
    return True


def note_recorded(location: Location, version_id: str) -> None:
    """Remember that a kept version was recorded now. Raises OSError."""
    path = _stamp(location, ref_name(version_id))
    make_state_folder(os.path.dirname(path))
    os.close(open_state_file(path, os.O_WRONLY | os.O_CREAT))
    os.utime(path)


def note_used(location: Location, ref: KeptRef) -> None:
    """Remember that somebody used a version, so that MLflow need not be asked again."""
    path = _stamp(location, ref.name)
    recorded, _ = _noted(location, ref.name)
    make_state_folder(os.path.dirname(path))
    with open(open_state_file(path, os.O_WRONLY | os.O_CREAT), "wb") as file:
        file.write(b"used\n")
    os.utime(path, (recorded, recorded))


def _read(repository: Repository, name: bytes) -> tuple[bytes, KeptVersion] | None:
    try:
        tag_id = repository.dulwich.refs[name]  # type: ignore[index]
        tag = repository.dulwich.object_store[tag_id]
        return tag_id, KeptVersion.parse(tag.as_raw_string())
    except (KeyError, ValueError):
        return None


def _remove_stale_lock(location: Location, name: str) -> None:
    """Remove the lock that a killed process has left on a ref: writing one takes milliseconds."""
    path = os.path.join(location.common_dir, f"{name}.lock")
    try:
        if time.time() - os.stat(path).st_mtime > _LONGEST_WRITE:
            os.unlink(path)
    except OSError:
        pass


def _stamp(location: Location, name: str) -> str:
    """The file whose mtime is the time of the last recording.

    The date of the tag does not serve for that, because it depends on content alone. The file is
    empty until the version is known to be used.
    """
    return os.path.join(location.shared_state_dir, "kept", name.removeprefix(PREFIX))


def _noted(location: Location, name: str) -> tuple[float, bool]:
    """When a version was last recorded, and whether it is known to be used.

    The time is that of its ref if it was never recorded here, else now.
    """
    try:
        stamp = os.stat(_stamp(location, name))
        return stamp.st_mtime, stamp.st_size > 0
    except OSError:
        pass
    for path in (name, "packed-refs", os.path.join("reftable", "tables.list")):
        try:
            return os.stat(os.path.join(location.common_dir, path)).st_mtime, False
        except OSError:
            continue
    return time.time(), False
