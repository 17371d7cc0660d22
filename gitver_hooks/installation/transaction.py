"""Changes a hooks folder completely or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from gitver_hooks.common.errors import GitverError
from gitver_hooks.common.locks import FolderLock


@contextmanager
def all_or_nothing(folder: Path) -> Iterator[ExitStack]:
    """A block that changes ``folder``, which is created and locked; yields a stack of undo steps.

    If the block fails, the steps run in reverse order. Raises GitverError instead of OSError.
    """
    with ExitStack() as undo:
        try:
            make_folder(folder, undo)
            # The lock is on the folder itself because several repositories may share it.
            with FolderLock(folder), ExitStack() as undo_changes:
                yield undo_changes
                undo_changes.pop_all()
        except OSError as error:
            raise GitverError(
                f"the hooks in {folder} cannot be changed: {error}",
                "make the folder writable, or see `git config --show-origin core.hooksPath`",
            ) from error
        undo.pop_all()


def make_folder(folder: Path, undo: ExitStack) -> None:
    """Create the folder unless it exists."""
    if not folder.is_dir():
        folder.mkdir(parents=True)
        undo.callback(folder.rmdir)


def move(path: Path, target: Path, undo: ExitStack) -> None:
    """Move a file to ``target``."""
    path.replace(target)
    undo.callback(target.replace, path)


def replace(path: Path, replacement: Path, undo: ExitStack) -> None:
    """Move ``replacement`` over ``path`` atomically: a killed process leaves one or the other."""
    undo.callback(write_executable, path, path.read_bytes(), ExitStack())
    move(replacement, path, undo)


def remove(path: Path, undo: ExitStack) -> None:
    """Remove a file."""
    undo.callback(write_executable, path, path.read_bytes(), ExitStack())
    path.unlink()


def write_executable(path: Path, content: bytes, undo: ExitStack) -> None:
    """Replace ``path`` atomically; the new file is executable for whomever the umask allows."""
    old_content = path.read_bytes() if os.path.lexists(path) else None
    temporary = path.with_name(f".{path.name}.gitver-{os.getpid()}")
    try:
        with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o777), "wb") as file:
            file.write(content)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    if old_content is None:
        undo.callback(path.unlink, missing_ok=True)
    else:
        undo.callback(write_executable, path, old_content, ExitStack())
