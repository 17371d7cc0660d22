"""Records stat data and names while a version is computed (standard library only)."""

from __future__ import annotations

import os
from itertools import chain

from gitver_hooks.common.files import make_state_folder, open_state_file

TYPE_CHECKING = False
if TYPE_CHECKING:
    import struct
    from collections.abc import Iterable
    from operator import attrgetter
else:
    try:
        # The same without the modules around them, which every app start would have to read.
        import _struct as struct
        from _operator import attrgetter
    except ImportError:
        import struct
        from operator import attrgetter

CLOCK = "clock"
# Kinds of directories, by which new names in them leave the version as it is: names that git
# ignores, none (in a nested repository), or all but rule files (if untracked files do not count).
OWN, NESTED, TRACKED_ONLY = b"o", b"n", b"t"
# Tags of the other names in a directory. GITLINK is the folder of a submodule, which must not
# vanish even if it is empty. MISSING is a tracked name that does not exist.
FOLDER, FILE, SPECIAL, MISSING, GITLINK = b"d", b"f", b"s", b"m", b"g"
_INODE = (1 << 63) - 1
# How many numbers a signature has, and the signature of a file that does not exist.
FIELDS = 5
ABSENT = (0,) * FIELDS
_fields = attrgetter("st_mtime_ns", "st_ctime_ns", "st_size", "st_mode", "st_ino")
_times = attrgetter("st_mtime_ns", "st_ctime_ns")
# Bytes of a packed signature, and of a directory's packed times.
SIGNATURE, TIMES = 8 * FIELDS, 16
_pack_signature = struct.Struct(f"{FIELDS}q").pack


def signature_of(status: os.stat_result) -> tuple[int, ...]:
    """The stat data that shows whether a file has changed.

    Without the device number, which changes when a filesystem is mounted again.
    """
    mtime_ns, ctime_ns, size, mode, inode = _fields(status)
    # Some network filesystems use all 64 bits.
    return mtime_ns, ctime_ns, size, mode, inode & _INODE


def pack(numbers: Iterable[int]) -> bytes:
    """Numbers as 64-bit integers in the machine's byte order. Raises struct.error beyond 64 bits.

    Not an ``array``, which takes as long but imports ``collections``: 1 ms of each app start.
    """
    values = tuple(numbers)
    return struct.pack(f"{len(values)}q", *values)


def unpack(data: bytes) -> memoryview[int]:
    """The numbers that were packed. Raises TypeError if the length cannot be right."""
    return memoryview(data).cast("q")


def signatures_of(paths: list[bytes]) -> bytes:
    """The signatures of many files, packed. Raises OSError if one does not exist."""
    try:
        # No Python code runs per file here, which saves a fifth of the time.
        return pack(chain.from_iterable(map(_fields, map(os.lstat, paths))))
    except struct.error:
        return pack(chain.from_iterable(map(signature_of, map(os.lstat, paths))))


def directory_signatures_of(paths: list[bytes]) -> bytes:
    """The mtime and ctime of many directories, packed. Raises OSError if one does not exist."""
    return pack(chain.from_iterable(map(_times, map(os.lstat, paths))))


class Directory:
    """One directory that was walked: its path from the worktree's root, and the names in it.

    ``files`` are the counted files, ``others`` all other names, each with a leading tag.
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
    """The files and stat data that a version was computed from, for a later comparison.

    * Counted files are compared by ``signature_of``.
    * Directories are compared by mtime and ctime; if these have changed, by the names and types in
      them.
    * The index is compared by its signature; if that has changed, by its content.
    * HEAD, the ref it names, rule files and configuration files are compared by content, including
      files that do not exist.

    Only paths in ``scope`` (an encoded Scope) are recorded.

    ``sound``: every ctime is strictly older than a time that the clock of the same filesystem
    showed before the first stat. Every later change then has another ctime. Without this, a change
    that keeps the size and happens within the same tick of the clock would go unnoticed.
    """

    __slots__ = (
        "_clocks", "contents", "directories", "ignore_rules", "indexes", "pinned", "rules_on_disk",
        "scope", "signatures", "sound", "youngest_ns",
    )  # fmt: skip

    def __init__(self, state_dir: str, scope: bytes = b"") -> None:
        self.scope = scope
        self.directories: list[Directory] = []
        self.signatures = bytearray()
        # Paths to signatures; for an index also a digest of its content, and the length of its ids.
        self.pinned: dict[bytes, tuple[int, ...]] = {}
        self.indexes: dict[bytes, tuple[bytes, int]] = {}
        self.contents: dict[bytes, bytes | None] = {}
        # info/exclude, core.excludesFile, core.ignoreCase
        self.ignore_rules: tuple[bytes, bytes, bool] = (b"", b"", False)
        # Whether all .gitignore files in effect are in the worktree.
        self.rules_on_disk = True
        self.sound = True
        self.youngest_ns = 0
        device, now = read_clock(state_dir)
        self._clocks = {device: now}

    def directory(self, path: bytes, full: bytes, kind: bytes) -> Directory:
        """Record the directory ``full``, before its names are read."""
        status = stat_directory(path, full)
        if status.st_dev not in self._clocks:
            self._clocks[status.st_dev] = _anonymous_clock(full)
            status = stat_directory(path, full)
        clock_ns = self._clocks[status.st_dev]
        directory = Directory(path, kind, clock_ns, (status.st_mtime_ns, status.st_ctime_ns))
        if status.st_ctime_ns >= clock_ns:
            self._too_young(status.st_ctime_ns)
        self.directories.append(directory)
        return directory

    def file(self, directory: Directory, name: bytes, status: os.stat_result) -> None:
        """Record a counted file, before its content is read."""
        directory.files.append(name)
        self.signatures += _pack_signature(*signature_of(status))
        # A file is on the filesystem of its directory, whatever overlayfs says about its device.
        if status.st_ctime_ns >= directory.clock_ns:
            self._too_young(status.st_ctime_ns)

    def pin(self, path: str, status: os.stat_result) -> None:
        """Record a file of the git dir, before its content is read."""
        self.pinned[os.fsencode(path)] = signature_of(status)
        if status.st_ctime_ns >= self._clocks.get(status.st_dev, 0):
            self._too_young(status.st_ctime_ns)

    def pin_file(self, path: str) -> None:
        """Record a file or folder of the git dir that may not exist."""
        try:
            self.pin(path, os.stat(path))
        except OSError:
            self.pinned[os.fsencode(path)] = ABSENT

    def _too_young(self, ctime_ns: int) -> None:
        self.sound = False
        self.youngest_ns = max(self.youngest_ns, ctime_ns)


def stat_directory(path: bytes, full: bytes) -> os.stat_result:
    """The stat data of a directory; the worktree's root may be reached by a symbolic link."""
    return os.lstat(full) if path else os.stat(full)


def tag(entry: os.DirEntry[bytes]) -> bytes:
    """The tag for the type of a directory's entry: FOLDER, FILE or SPECIAL."""
    try:
        if entry.is_dir(follow_symlinks=False):
            return FOLDER
        return FILE if entry.is_file(follow_symlinks=False) or entry.is_symlink() else SPECIAL
    except OSError:
        return SPECIAL


def read_clock(state_dir: str) -> tuple[int, int]:
    """The device of the state's filesystem and the time on that filesystem's own clock, in ns.

    (-1, 0) if nothing can be written there: then no observation is sound.
    """
    try:
        make_state_folder(state_dir)
        descriptor = open_state_file(os.path.join(state_dir, CLOCK), os.O_WRONLY | os.O_CREAT)
    except OSError:
        return -1, 0
    try:
        os.utime(descriptor)
        status = os.fstat(descriptor)
        return status.st_dev, status.st_mtime_ns
    except OSError:
        return -1, 0
    finally:
        os.close(descriptor)


def _anonymous_clock(folder: bytes) -> int:
    """The time on the clock of a filesystem other than the state's, in ns; 0 if unknown.

    It is read from a file without a name, which changes nothing in the folder (open(2), O_TMPFILE).
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
