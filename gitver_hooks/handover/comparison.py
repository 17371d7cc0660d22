"""Compares a worktree with its snapshot (standard library only)."""

from __future__ import annotations

import os

from gitver_hooks.common.files import read_small
from gitver_hooks.handover import snapshot as snapshots
from gitver_hooks.handover.observation import (
    ABSENT,
    GITLINK,
    SIGNATURE,
    TIMES,
    directory_signatures_of,
    pack,
    signature_of,
    signatures_of,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gitver_hooks.gitfiles.location import Location
    from gitver_hooks.handover.snapshot import Snapshot

# Up to this many directories, reading their names again costs less than writing a new snapshot.
_WORTH_RENEWING = 8


class Moved:
    """Directories and indexes whose stat data has changed although the version is the same.

    ``directories`` maps their positions in the snapshot to the tagged names that are in them now.
    ``indexes`` are paths. ``used_rules``: ignore rules had to be read.
    """

    __slots__ = ("directories", "indexes", "used_rules")

    def __init__(
        self, directories: dict[int, list[bytes]], indexes: set[bytes], used_rules: bool
    ) -> None:
        self.directories = directories
        self.indexes = indexes
        self.used_rules = used_rules

    @property
    def worth_renewing(self) -> bool:
        """Whether a new snapshot would make the next comparison cheaper."""
        return self.used_rules or bool(self.indexes) or len(self.directories) > _WORTH_RENEWING


def compare(location: Location, snapshot: Snapshot) -> Moved | None:
    """The differences that leave the version as it is; None if the version may have changed."""
    root = os.fsencode(location.worktree)
    if not _same_contents(snapshot):
        return None
    indexes = _moved_indexes(location, snapshot)
    if indexes is None or not _same_files(root, snapshot):
        return None
    positions = _moved_directories(root, snapshot)
    if positions is None:
        return None
    if not positions:
        return Moved({}, indexes, False)
    from gitver_hooks.handover.directory_names import DirectoryNames

    names = DirectoryNames(root, snapshot)
    directories = {}
    for position in positions:
        present = names.unless_changed(position)
        if present is None:
            return None
        directories[position] = present
    return Moved(directories, indexes, names.used_rules)


def same_index(location: Location, snapshot: Snapshot, path: bytes) -> bool:
    """Whether an index with different stat data has the same content, as far as it counts."""
    words = snapshots.split(snapshot.indexes)
    if path not in words[::3]:
        return False
    at = words.index(path)
    from hashlib import sha256

    from gitver_hooks.gitfiles.index import read_index
    from gitver_hooks.gitfiles.restricted_index import restricted_index
    from gitver_hooks.gitfiles.scope import EVERYTHING, Scope

    git_dir = os.path.dirname(os.fsdecode(path))
    # A submodule counts as a whole.
    scope = Scope.decode(snapshot.scope) if git_dir == location.git_dir else EVERYTHING
    index = restricted_index(read_index(git_dir, int(words[at + 2])), scope)
    return sha256(index.content_key()).hexdigest().encode("ascii") == words[at + 1]


def _same_contents(snapshot: Snapshot) -> bool:
    digests = [
        snapshots.content_digest(read_small(path))
        for path in snapshots.split(snapshot.content_paths)
    ]
    return b"".join(digests) == snapshot.content_digests


def _moved_indexes(location: Location, snapshot: Snapshot) -> set[bytes] | None:
    """The indexes with different stat data but the same content; None if a pinned file changed."""
    recorded = snapshot.pinned_signatures
    moved = set()
    for i, path in enumerate(snapshots.split(snapshot.pinned)):
        try:
            signature = signature_of(os.stat(path))
        except OSError:
            signature = ABSENT
        if pack(signature) != recorded[i * SIGNATURE : (i + 1) * SIGNATURE]:
            if not same_index(location, snapshot, path):
                return None
            moved.add(path)
    return moved


def _same_files(root: bytes, snapshot: Snapshot) -> bool:
    if not snapshot.files:
        return True
    if _is_working_directory(root):
        # A lookup takes time for each component of the path. If another thread changes the working
        # directory meanwhile, the inodes differ.
        paths = snapshot.files.split(b"\0")
    else:
        paths = _below(root, snapshot.files)
    try:
        return signatures_of(paths) == snapshot.signatures
    except OSError:
        return False


def _is_working_directory(folder: bytes) -> bool:
    try:
        return os.path.samestat(os.stat("."), os.stat(folder))
    except OSError:
        return False


def _moved_directories(root: bytes, snapshot: Snapshot) -> list[int] | None:
    """The positions of the directories whose times changed; None if the version may have changed.

    A directory that does not exist any more had no counted files: they were compared before. But
    the folder of a submodule counts even if it is empty.
    """
    paths = _below(root, snapshot.directories)
    recorded = snapshot.directory_signatures
    try:
        found = directory_signatures_of(paths)
    except (FileNotFoundError, NotADirectoryError):
        present = _present_directories(paths, snapshot)
        if present is None:
            return None
    else:
        if found == recorded:
            return []
        present = {i: found[i * TIMES : (i + 1) * TIMES] for i in range(len(paths))}
    moved = [i for i, times in present.items() if times != recorded[i * TIMES : (i + 1) * TIMES]]
    # Only the root may be reached through a symbolic link.
    if any(not os.path.isdir(paths[i]) or (i and os.path.islink(paths[i])) for i in moved):
        return None
    return moved


def _present_directories(paths: list[bytes], snapshot: Snapshot) -> dict[int, bytes] | None:
    """The times of the directories that exist; None if one with a submodule is gone."""
    present = {}
    for i, path in enumerate(paths):
        try:
            present[i] = directory_signatures_of([path])
        except (FileNotFoundError, NotADirectoryError):
            if _had_submodule(snapshot, i):
                return None
    return present


def _had_submodule(snapshot: Snapshot, position: int) -> bool:
    others = snapshots.split_others(snapshot.others)[position]
    return any(name.startswith(GITLINK) for name in snapshots.split(others))


def _below(root: bytes, names: bytes) -> list[bytes]:
    """Full paths for a blob of names; the empty name gets a trailing slash, which follows links."""
    prefix = root + b"/"
    return (prefix + names.replace(b"\0", b"\0" + prefix)).split(b"\0")
