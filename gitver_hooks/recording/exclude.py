"""The rules in ``info/exclude`` that keep gitver's and MLflow's local files out of the version."""

from __future__ import annotations

import os

from gitver_hooks.common.errors import GitverError
from gitver_hooks.common.files import replace_file
from gitver_hooks.gitfiles.ignore import LOCAL_PATTERNS, is_local
from gitver_hooks.gitfiles.location import Location

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
        present = {line.strip() for line in content.splitlines()}
        wanted = [*LOCAL_PATTERNS, *_pattern_of(store_file, location.worktree)]
        missing = [pattern for pattern in wanted if pattern not in present]
        if not missing:
            return
        rules = b"".join(pattern + b"\n" for pattern in missing)
        replace_file(path, _HEADING + rules + _END + content, mode=0o644)
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
            replace_file(path, remaining, mode=0o644)
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


def _pattern_of(store_file: str | None, worktree: str) -> list[bytes]:
    """The pattern for a store in the worktree and SQLite's files beside it; empty if not needed."""
    if store_file is None or not store_file.startswith(worktree + os.sep):
        return []
    path = os.fsencode(store_file[len(worktree) :])
    if is_local(path):
        return []
    return [b"".join(b"\\" + bytes([c]) if c in b"*?[\\" else bytes([c]) for c in path) + b"*"]


def _read(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read()
    except FileNotFoundError:
        return b""
