"""Lists gitver's and MLflow's local files in ``info/exclude``, so that git ignores them."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import takewhile

from gitver_hooks.common.errors import GitverError
from gitver_hooks.common.files import replace_file
from gitver_hooks.common.locks import FileLock
from gitver_hooks.gitfiles.ignore import LOCAL_PATTERNS, SQLITE_SUFFIXES
from gitver_hooks.gitfiles.location import Location
from gitver_hooks.gitfiles.wildmatch import SPECIAL, literal_pattern

_SQLITE_HEADER = b"SQLite format 3\0"
_HEADING = b"# gitver and MLflow's local files\n"
_END = b"# end of gitver's rules\n"
# What earlier versions wrote: not rooted, and one with a wildcard that could hide the user's files.
_FORMER_PATTERNS = (b".mlflow-active-model", b"mlflow.db*", b"mlruns/", b"mlartifacts/")
# How long to wait for another worktree that changes the same file (s).
_LOCK_SECONDS = 2.0


def exclude_local_files(location: Location, store_file: str | None = None) -> None:
    """Add the missing patterns for gitver's and MLflow's files to ``info/exclude``.

    ``store_file`` is the SQLite file of the store, which may be in the worktree under any name: it
    is not code, and every trace changes it. Raises GitverError if the file cannot be written.
    """
    own = [b"/" + pattern for pattern in LOCAL_PATTERNS]
    active_model = _patterns(location.active_model_file, location.worktree, (b"",))
    store = _store_patterns(store_file, location.worktree)
    _exclude(location, [*own, *active_model, *store])


def include_local_files(location: Location) -> list[str]:
    """Remove what ``exclude_local_files`` added; returns the path of the file if it had any of it.

    A file that would be empty is removed. Raises GitverError.
    """
    path = _path(location)
    with _explained(path):
        content = _read(path)
        _, remaining = _split(content)
        if remaining == content:
            return []
        if remaining:
            _write(path, remaining)
        else:
            os.unlink(path)
    return [path]


def _exclude(location: Location, patterns: list[bytes]) -> None:
    """Add ``patterns`` to ``info/exclude`` of the common dir unless they are there.

    That file serves all worktrees of the repository and is never committed (gitignore(5)). Our
    rules come before the user's, which therefore win and stay byte for byte.
    """
    path = _path(location)
    with _explained(path):
        if _with_patterns(_read(path), patterns) is None:
            return
        # Another worktree may add a pattern of its own at this moment.
        lock = os.path.join(location.shared_state_dir, "exclude.lock")
        with FileLock(lock, _LOCK_SECONDS):
            content = _with_patterns(_read(path), patterns)
            if content is not None:
                _write(path, content)


def _with_patterns(content: bytes, patterns: list[bytes]) -> bytes | None:
    """``content`` with ``patterns`` among our rules; None if there is nothing to change."""
    ours, remaining = _split(content)
    theirs = remaining.split(b"\n")
    present = {*ours, *theirs, *(line.strip() for line in theirs)}
    kept = [pattern for pattern in ours if _is_literal(pattern)]
    missing = [pattern for pattern in dict.fromkeys(patterns) if pattern not in present]
    if not missing and kept == ours:
        return None
    return _HEADING + b"".join(rule + b"\n" for rule in (*kept, *missing)) + _END + remaining


def _split(content: bytes) -> tuple[list[bytes], bytes]:
    """Our rules in ``content``, and everything else."""
    text_before, heading, text_after_heading = content.partition(_HEADING)
    if not heading:
        return [], content
    block, end, text_after_block = text_after_heading.partition(_END)
    if end:
        ours = block.splitlines()
    else:
        # The first version did not mark the end of its rules.
        lines = text_after_heading.split(b"\n")
        ours = list(takewhile(_FORMER_PATTERNS.__contains__, lines))
        text_after_block = b"\n".join(lines[len(ours) :])
    further_rules, remaining = _split(text_after_block)
    return ours + further_rules, text_before + remaining


def _is_literal(pattern: bytes) -> bool:
    """Whether ``pattern`` is one of those that this module writes today."""
    folder = b"/" if pattern.endswith(b"/") else b""
    path = re.sub(rb"\\(.)", rb"\1", pattern.removesuffix(b"/"))
    return path.startswith(b"/") and _literal(path) + folder == pattern


def _path(location: Location) -> str:
    return os.path.realpath(os.path.join(location.common_dir, "info", "exclude"))


def _store_patterns(store_file: str | None, worktree: str) -> list[bytes]:
    """The patterns for a store in the worktree and SQLite's files beside it; empty if not needed.

    A file that is not a database stays visible even if a setting names it as the store.
    """
    if store_file is None or not _may_be_database(store_file):
        return []
    return _patterns(store_file, worktree, SQLITE_SUFFIXES)


def _patterns(path: str, worktree: str, suffixes: Iterable[bytes]) -> list[bytes]:
    """For each suffix, the pattern that matches the path with it, and no other.

    A path outside of the worktree needs none, and a path with a control character has none.
    """
    if not path.startswith(worktree + os.sep):
        return []
    rooted = os.fsencode(path[len(worktree) :])
    # A newline would begin another pattern, and git drops a carriage return at the end of a line.
    if any(byte < 0x20 or byte == 0x7F for byte in rooted):
        return []
    return [_literal(rooted + suffix) for suffix in suffixes]


def _literal(path: bytes) -> bytes:
    """The pattern that matches ``path``, which begins with a slash, and no other (gitignore(5)).

    Git ignores spaces at the end of a line that have no backslash.
    """
    return literal_pattern(path, SPECIAL + b" ")


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


@contextmanager
def _explained(path: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise GitverError(
            f"{error.filename or path} cannot be written: {error.strerror}", "make it writable"
        ) from error


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
