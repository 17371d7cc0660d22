"""Our own and MLflow's local files in ``info/exclude``, so that ``git status`` stays clean."""

from __future__ import annotations

import os

from gitver_hooks.common.errors import GitverError
from gitver_hooks.common.files import replace_file
from gitver_hooks.gitfiles.ignore import LOCAL_PATTERNS, is_local
from gitver_hooks.gitfiles.location import Location

_HEADING = "# gitver and MLflow's local files"


def exclude_local_files(location: Location, store_file: str | None = None) -> None:
    """Add the patterns that are missing to ``info/exclude`` of the common dir.

    That file serves all worktrees of the repository and is never committed (gitignore(5)).
    ``store_file`` is the SQLite file of the store, which may lie in the worktree under any name: it
    is no code, and it changes with every trace. Raises GitverError where it cannot be written.
    """
    path = os.path.join(location.common_dir, "info", "exclude")
    try:
        content = _read(path)
        present = {line.strip() for line in content.splitlines()}
        wanted = [*LOCAL_PATTERNS, *_pattern_of(store_file, location.worktree)]
        missing = [pattern for pattern in wanted if pattern not in present]
        if not missing:
            return
        if content and not content.endswith(b"\n"):
            content += b"\n"
        added = b"".join(line + b"\n" for line in [_HEADING.encode(), *missing])
        replace_file(os.path.realpath(path), content + added, mode=0o644)
    except OSError as error:
        raise GitverError(
            f"{path} cannot be written: {error.strerror}", "make it writable"
        ) from error


def _pattern_of(store_file: str | None, worktree: str) -> list[bytes]:
    """The pattern of a store in the worktree and of what SQLite puts beside it, if it needs one."""
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
