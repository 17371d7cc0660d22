"""The rules in ``info/exclude`` that keep gitver's and MLflow's local files out of the version."""

from __future__ import annotations

import os
import stat

from gitver_hooks.common.errors import GitverError
from gitver_hooks.common.files import replace_file
from gitver_hooks.gitfiles.ignore import LOCAL_PATTERNS, is_local
from gitver_hooks.gitfiles.location import Location

_SQLITE_HEADER = b"SQLite format 3\0"
# The database and the files that SQLite creates beside it (sqlite.org/tempfiles.html).
_SQLITE_SUFFIXES = (b"", b"-journal", b"-wal", b"-shm")
_HEADING = b"# gitver and MLflow's local files\n"
_END = b"# end of gitver's rules\n"


def exclude_local_files(location: Location, store_file: str | None = None) -> None:
    """Add the missing patterns to ``info/exclude`` of the common dir.

    That file serves all worktrees of the repository and is never committed (gitignore(5)). Our
    rules come before the user's, which therefore win and stay byte for byte. ``store_file`` is the
    SQLite file of the store, which may be in the worktree under any name: it is not code, and it
    changes with every trace. Raises GitverError if the file cannot be written.
    """
    path = _path(location)
    try:
        content = _read(path)
        lines = content.split(b"\n")
        present = {*lines, *(line.strip() for line in lines)}
        wanted = [*LOCAL_PATTERNS, *_store_patterns(store_file, location.worktree)]
        missing = [pattern for pattern in wanted if pattern not in present]
        if not missing:
            return
        rules = b"".join(pattern + b"\n" for pattern in missing)
        _write(path, _HEADING + rules + _END + content)
    except OSError as error:
        raise GitverError(
            f"{path} cannot be written: {error.strerror}", "make it writable"
        ) from error


def include_local_files(location: Location) -> list[str]:
    """Remove what ``exclude_local_files`` added; the path of the file, if that changed it.

    A file that is empty without our rules is removed. Raises GitverError.
    """
    path = _path(location)
    try:
        content = _read(path)
        remaining = _without_our_rules(content)
        if remaining == content:
            return []
        if remaining:
            _write(path, remaining)
        else:
            os.unlink(path)
    except OSError as error:
        raise GitverError(
            f"{path} cannot be written: {error.strerror}", "make it writable"
        ) from error
    return [path]


def _without_our_rules(content: bytes) -> bytes:
    before, heading, rest = content.partition(_HEADING)
    _, end, after = rest.partition(_END)
    return before + _without_our_rules(after) if heading and end else content


def _path(location: Location) -> str:
    return os.path.realpath(os.path.join(location.common_dir, "info", "exclude"))


def _store_patterns(store_file: str | None, worktree: str) -> list[bytes]:
    """The patterns for a store in the worktree and SQLite's files beside it; empty if not needed.

    Each one matches one path. What is not a database stays visible, whoever calls it a store, and
    so does a path that no pattern can express.
    """
    if store_file is None or not store_file.startswith(worktree + os.sep):
        return []
    path = os.fsencode(store_file[len(worktree) :])
    # A newline would begin another pattern, and git drops a carriage return at the end of a line.
    is_expressible = not any(byte < 0x20 or byte == 0x7F for byte in path)
    if is_local(path) or not is_expressible or not _may_be_database(store_file):
        return []
    return [_literal(path + suffix) for suffix in _SQLITE_SUFFIXES]


def _literal(path: bytes) -> bytes:
    """The pattern that matches ``path``, which begins with a slash, and no other (gitignore(5))."""
    return b"".join(b"\\" + bytes([byte]) if byte in b"*?[\\ " else bytes([byte]) for byte in path)


def _may_be_database(path: str) -> bool:
    """Whether SQLite can create, or has created, the file (sqlite.org/fileformat.html)."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return True
    except OSError:
        return False
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return False
        return os.read(descriptor, len(_SQLITE_HEADER)) in (b"", _SQLITE_HEADER)
    except OSError:
        return False
    finally:
        os.close(descriptor)


def _write(path: str, content: bytes) -> None:
    try:
        mode = stat.S_IMODE(os.stat(path).st_mode)
    except OSError:
        mode = 0o644
    replace_file(path, content, mode=mode)


def _read(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read()
    except FileNotFoundError:
        return b""
