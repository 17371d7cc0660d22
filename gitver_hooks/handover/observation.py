"""What was seen of a worktree while its version was worked out (standard library only)."""

from __future__ import annotations

import os
from array import array

CLOCK = "clock"
# What may appear in a directory without changing the version: names that git ignores, nothing (in a
# nested repository), anything but rules (where untracked files do not count).
OWN, NESTED, TRACKED_ONLY = b"o", b"n", b"t"
FOLDER, FILE, SPECIAL, MISSING = b"d", b"f", b"s", b"m"
_INODE = (1 << 63) - 1


class Directory:
    """One directory that was walked: its path from the worktree's root, and the names in it.

    ``files`` are the counted files; ``others`` the rest, each with a leading tag: a folder, a file
    or symbolic link, something special (never counts), or missing (git tracks it, or something in
    it, but it was not there).
    """

    __slots__ = ("clock_ns", "files", "kind", "others", "path", "signature")

    def __init__(self, path: bytes, kind: bytes, clock_ns: int, signature: tuple[int, int]) -> None:
        self.path = path
        self.kind = kind
        self.clock_ns = clock_ns
        self.signature = signature
        self.files: list[bytes] = []
        self.others: list[bytes] = []


class Observation:
    """What was seen, to be compared later.

    Counted files by (mtime, ctime, size, mode, inode); directories by mtime and ctime, and where
    those moved by the names and types in them; the index by its stat data, and where that moved by
    what it says; HEAD, the ref it names, rule and configuration files by content, also those that
    are absent.

    ``sound``: every ctime is strictly older than a time that the clock of the same filesystem
    showed before the first stat. Whatever changes later then has another ctime; without that, a
    change of the same size within one tick of the clock would look like nothing. Device numbers
    are not compared: they change when a filesystem is mounted again.
    """

    __slots__ = (
        "_clocks", "contents", "directories", "ignore_rules", "indexes", "pinned", "rules_on_disk",
        "signatures", "sound", "youngest_ns",
    )  # fmt: skip

    def __init__(self, state_dir: str) -> None:
        self.directories: list[Directory] = []
        self.signatures = array("q")
        # Paths to stat data; for indexes also a digest of what they say, and the length of their
        # ids.
        self.pinned: dict[bytes, tuple[int, ...]] = {}
        self.indexes: dict[bytes, tuple[bytes, int]] = {}
        self.contents: dict[bytes, bytes | None] = {}
        # info/exclude, core.excludesFile, core.ignoreCase
        self.ignore_rules: tuple[bytes, bytes, bool] = (b"", b"", False)
        # Whether all .gitignore files that rule are in the worktree.
        self.rules_on_disk = True
        self.sound = True
        self.youngest_ns = 0
        device, now = read_clock(state_dir)
        self._clocks = {device: now}

    def directory(self, path: bytes, full: bytes, kind: bytes) -> Directory:
        """Record the directory ``full``, before its names are read."""
        about = stat_directory(path, full)
        if about.st_dev not in self._clocks:
            self._clocks[about.st_dev] = _anonymous_clock(full)
            about = stat_directory(path, full)
        clock_ns = self._clocks[about.st_dev]
        found = Directory(path, kind, clock_ns, (about.st_mtime_ns, about.st_ctime_ns))
        if about.st_ctime_ns >= clock_ns:
            self._too_young(about.st_ctime_ns)
        self.directories.append(found)
        return found

    def file(self, directory: Directory, name: bytes, about: os.stat_result) -> None:
        """Record a counted file, before its content is read."""
        directory.files.append(name)
        ctime_ns = about.st_ctime_ns
        self.signatures.extend(
            (about.st_mtime_ns, ctime_ns, about.st_size, about.st_mode, about.st_ino & _INODE)
        )
        # A file is on the filesystem of its directory, whatever overlayfs says of its device.
        if ctime_ns >= directory.clock_ns:
            self._too_young(ctime_ns)

    def pin(self, path: str, about: os.stat_result) -> None:
        """Record a file of the git dir, before its content is read."""
        self.pinned[os.fsencode(path)] = signature_of(about)
        if about.st_ctime_ns >= self._clocks.get(about.st_dev, 0):
            self._too_young(about.st_ctime_ns)

    def _too_young(self, ctime_ns: int) -> None:
        self.sound = False
        self.youngest_ns = max(self.youngest_ns, ctime_ns)


def stat_directory(path: bytes, full: bytes) -> os.stat_result:
    """The stat data of a directory; the worktree's root may be known by a symbolic link to it."""
    return os.lstat(full) if path else os.stat(full)


def tag(entry: os.DirEntry[bytes]) -> bytes:
    """The tag of what a directory holds."""
    try:
        if entry.is_dir(follow_symlinks=False):
            return FOLDER
        return FILE if entry.is_file(follow_symlinks=False) or entry.is_symlink() else SPECIAL
    except OSError:
        return SPECIAL


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
            os.path.join(state_dir, CLOCK), os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600
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
    """The time on the clock of another filesystem than the state's, in ns; 0 where unknown.

    A file without a name: the folder and those who watch it notice nothing (open(2), O_TMPFILE).
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
