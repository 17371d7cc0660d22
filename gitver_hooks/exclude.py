"""Our own and MLflow's local files in ``info/exclude``, so that ``git status`` stays clean."""

from __future__ import annotations

import os

from gitver_hooks.content.ignore import LOCAL_PATTERNS
from gitver_hooks.errors import GitverError
from gitver_hooks.location import Location
from gitver_hooks.state import replace_file

_HEADING = "# gitver and MLflow's local files"


def exclude_local_files(location: Location) -> None:
    """Add the patterns that are missing to ``info/exclude`` of the common dir.

    That file serves all worktrees of the repository and is never committed (gitignore(5)). Raises
    GitverError where it cannot be written.
    """
    path = os.path.join(location.common_dir, "info", "exclude")
    try:
        content = _read(path)
        present = {line.strip() for line in content.splitlines()}
        missing = [pattern for pattern in LOCAL_PATTERNS if pattern not in present]
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


def _read(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read()
    except FileNotFoundError:
        return b""
