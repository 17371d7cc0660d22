"""The snapshot: is the worktree still what it was when its version was last worked out?

Runtime half: this runs at every start of an app. What is compared, and why a snapshot that was saved can
be trusted, is said at ``Observation``.
"""

from __future__ import annotations

import os
import stat
from array import array

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gitver_hooks.location import Location

SNAPSHOT = "snapshot"
_CLOCK = "clock"
# What may appear in a directory without making the snapshot stale: names that git ignores, nothing
# (in a nested repository), anything (where untracked files do not count).
OWN, NESTED, TRACKED_ONLY = b"o", b"n", b"t"
_INODE = (1 << 63) - 1


class Directory:
    """One directory that was walked: its path from the worktree's root, and the names in it.

    ``files`` are the counted files; ``others`` the rest, each with a leading ``d`` for a directory, ``f`` for
    anything else.
    """

    __slots__ = ("device", "files", "kind", "others", "path", "signature")

    def __init__(self, path: bytes, kind: bytes, device: int, signature: tuple[int, ...]) -> None:
        self.path = path
        self.kind = kind
        self.device = device
        self.signature = signature
        self.files: list[bytes] = []
        self.others: list[bytes] = []


class Observation:
    """What was seen while a version was worked out, to be compared later.

    Counted files by (mtime, ctime, size, mode, inode); directories by mtime and ctime, and where those moved by
    the names and types in them; the index by its stat data, and where that moved by what it says;
    HEAD, the ref it names, rule and configuration files by content, also those that are absent.

    ``sound``: every ctime is strictly older than a time that the clock of the same filesystem showed before the
    first stat. Whatever changes later then has another ctime; without that, a change of the same
    size within one tick of the clock would look like nothing. Device numbers are not
    compared: they change when a filesystem is mounted again.
    """

    __slots__ = (
        "_clocks", "contents", "directories", "ignore_rules", "indexes", "pinned", "root",
        "signatures", "sound", "youngest_ns",
    )  # fmt: skip

    def __init__(self, root: str, state_dir: str) -> None:
        self.root = os.fsencode(root)
        self.directories: list[Directory] = []
        self.signatures = array("q")
        # Paths to stat data; and for indexes a digest of what they say, with the length of their ids.
        self.pinned: dict[bytes, tuple[int, ...]] = {}
        self.indexes: dict[bytes, tuple[bytes, int]] = {}
        self.contents: dict[bytes, bytes | None] = {}
        # info/exclude, core.excludesFile, core.ignoreCase
        self.ignore_rules: tuple[bytes, bytes, bool] = (b"", b"", False)
        self.sound = True
        self.youngest_ns = 0
        device, now = read_clock(state_dir)
        self._clocks = {device: now}

    def directory(self, path: bytes, full: bytes, about: os.stat_result, kind: bytes) -> Directory:
        """Record a directory, before its names are read."""
        device = about.st_dev
        if device not in self._clocks:
            self._clocks[device] = _anonymous_clock(full)
            about = os.lstat(full)
        found = Directory(path, kind, device, (about.st_mtime_ns, about.st_ctime_ns))
        self._note(device, about.st_ctime_ns)
        self.directories.append(found)
        return found

    def file(self, directory: Directory, name: bytes, about: os.stat_result) -> None:
        """Record a counted file, before its content is read."""
        directory.files.append(name)
        signature = signature_of(about)
        self.signatures.extend(signature)
        # A file is on the filesystem of its directory, whatever overlayfs says of its device.
        if signature[1] >= self._clocks[directory.device]:
            self._note(directory.device, signature[1])

    def pin(self, path: str, about: os.stat_result) -> None:
        """Record a file of the git dir."""
        self.pinned[os.fsencode(path)] = signature_of(about)
        self._note(about.st_dev, about.st_ctime_ns)

    def _note(self, device: int, ctime_ns: int) -> None:
        if ctime_ns >= self._clocks.get(device, 0):
            self.sound = False
            self.youngest_ns = max(self.youngest_ns, ctime_ns)


def signature_of(about: os.stat_result) -> tuple[int, int, int, int, int]:
    """What of a file's stat data tells that it was changed."""
    return (
        about.st_mtime_ns,
        about.st_ctime_ns,
        about.st_size,
        about.st_mode,
        about.st_ino & _INODE,
    )


def read_clock(state_dir: str) -> tuple[int, int]:
    """The device of the state's filesystem and the time its own clock shows, in ns.

    (-1, 0) where nothing can be written there: then no observation is sound.
    """
    try:
        os.makedirs(state_dir, exist_ok=True)
        descriptor = os.open(
            os.path.join(state_dir, _CLOCK), os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600
        )
    except OSError:
        return -1, 0
    try:
        os.utime(descriptor)
        about = os.fstat(descriptor)
        return about.st_dev, about.st_mtime_ns
    except OSError:
        return -1, 0
    finally:
        os.close(descriptor)


def _anonymous_clock(folder: bytes) -> int:
    """The time on the clock of another filesystem than the state's, in ns; 0 where it does not tell.

    A file without a name: the folder and those who watch it notice nothing (Linux, open(2), O_TMPFILE).
    """
    flag = getattr(os, "O_TMPFILE", 0)
    if not flag:
        return 0
    try:
        descriptor = os.open(folder, flag | os.O_WRONLY | os.O_CLOEXEC, 0o600)
    except OSError:
        return 0
    try:
        return os.fstat(descriptor).st_mtime_ns
    except OSError:
        return 0
    finally:
        os.close(descriptor)


def save(location: Location, observation: Observation, version_id: str) -> bool:
    """Remember that the worktree as observed is ``version_id``; whether that was possible.

    Where it is not (the observation is not sound, the state cannot be written) no snapshot is left.
    """
    path = os.path.join(location.state_dir, SNAPSHOT)
    if observation.sound:
        from gitver_hooks.snapshot import encode

        if write_private(path, encode(observation, version_id)):
            return True
    try:
        os.unlink(path)
    except OSError:
        pass
    return False


def write_private(path: str, data: bytes) -> bool:
    """Replace a file of the state at once, readable by its owner only; whether that was possible."""
    temporary = f"{path}.{os.getpid()}"
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        try:
            with open(descriptor, "wb") as file:
                file.write(data)
            os.replace(temporary, path)
        except OSError:
            os.unlink(temporary)
            raise
    except OSError:
        return False
    return True


def fresh_version(location: Location) -> str | None:
    """The version id of the snapshot if nothing that it recorded moved, else None. Never raises."""
    return None
