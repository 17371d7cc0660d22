"""Reads files that a checked-out tree names, if they are small, regular and inside of it."""

from __future__ import annotations

import os
import stat

from gitver_hooks.common.errors import GitverError

LARGEST_FILE = 1 << 20


def resolve_inside(folder: str, name: str) -> str:
    """The path of ``name`` in ``folder`` after every link is resolved.

    Raises GitverError if it leads out of ``folder`` or into git's own files. The path need not
    exist.
    """
    root = os.path.realpath(folder)
    path = os.path.realpath(os.path.join(root, name))
    if path != root and not path.startswith(root.rstrip(os.sep) + os.sep):
        raise GitverError(f"{name!r} is outside of {folder}", "name a file inside it")
    parts = path[len(root) :].split(os.sep)
    # Git protects every spelling that a file system may take for `.git` (core.protectHFS).
    if any(part.lower() == ".git" for part in parts):
        raise GitverError(f"{name!r} is one of git's own files", "name a file of the worktree")
    return path


def read_tree_file(worktree: str, name: str) -> bytes | None:
    """The content of the file ``name`` of the worktree; None if it does not exist.

    Raises GitverError if it is not a regular file, lies outside the worktree after every link is
    resolved, or is larger than ``LARGEST_FILE`` bytes. Never waits: a FIFO or a device is not read.
    """
    path = resolve_inside(worktree, name)
    shown = os.path.join(worktree, name)
    try:
        # Checked before it is opened as well: opening some devices has effects.
        _check_regular(os.lstat(path), shown)
        with open(path, "rb", opener=_open_without_waiting) as file:
            _check_regular(os.fstat(file.fileno()), shown)
            content = file.read(LARGEST_FILE + 1)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise GitverError(f"{shown!r} cannot be read: {error.strerror}", "correct it") from error
    if len(content) > LARGEST_FILE:
        raise GitverError(f"{shown!r} is larger than {LARGEST_FILE >> 20} MiB", "shorten it")
    return content


def _open_without_waiting(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK)


def _check_regular(status: os.stat_result, shown: str) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise GitverError(f"{shown!r} is not a regular file", "replace it with one")
