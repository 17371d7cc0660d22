"""Reads files without blocking, and replaces them atomically (standard library only)."""

from __future__ import annotations

import errno
import os
import stat

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

_PIECE = 1 << 16


def read_small(path: str | bytes, *, follow: bool = True) -> bytes | None:
    """The content of a file; None if it cannot be read. Never blocks on a FIFO.

    Git does not follow a .gitignore or .gitattributes that is a symbolic link: ``follow=False``.
    """
    flags = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | (0 if follow else os.O_NOFOLLOW)
    try:
        descriptor = os.open(path, flags)
    except OSError:
        return None
    try:
        content = piece = os.read(descriptor, _PIECE)
        while piece and len(content) >= _PIECE:
            piece = os.read(descriptor, _PIECE)
            content += piece
        return content
    except OSError:
        return None
    finally:
        os.close(descriptor)


def replace_file(
    path: str,
    content: bytes,
    *,
    temporary_folder: str | None = None,
    mode: int | None = None,
    durable: bool = False,
) -> None:
    """Replace ``path`` atomically: a reader sees all of the old content or all of the new.

    The default ``mode`` is that of a state file (see ``open_state_file``). The temporary file has
    an unpredictable name, and is created in ``temporary_folder`` (default: that of ``path``).
    ``durable`` also writes it to the disk, with the folder's entry. Raises OSError.
    """
    folder = os.path.dirname(path)
    temporary_folder = temporary_folder or folder
    temporary = _write_temporary(path, temporary_folder, [content], mode=mode, durable=durable)
    try:
        os.replace(temporary, path)
    except OSError as error:
        os.unlink(temporary)
        if error.errno == errno.EXDEV and temporary_folder != folder:
            replace_file(path, content, mode=mode, durable=durable)
            return
        raise
    if durable:
        _synchronise_folder(folder)


def replace_file_in_pieces(path: str, pieces: Iterable[bytes]) -> None:
    """As ``replace_file``, for content that need not be in memory as a whole."""
    os.replace(_write_temporary(path, os.path.dirname(path), pieces), path)


def _write_temporary(
    path: str,
    folder: str,
    pieces: Iterable[bytes],
    *,
    mode: int | None = None,
    durable: bool = False,
) -> str:
    """Write ``pieces`` to a new file in ``folder``, and return its path.

    The name starts like that of ``path`` and cannot be guessed.
    """
    make_state_folder(folder)
    name = f".{os.path.basename(path)}.{os.getpid()}.{os.urandom(8).hex()}"
    temporary = os.path.join(folder, name)
    descriptor = open_state_file(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        with open(descriptor, "wb") as file:
            file.writelines(pieces)
            if durable:
                file.flush()
                os.fsync(descriptor)
    except BaseException:
        os.unlink(temporary)
        raise
    return temporary


def try_replace_file(path: str, content: bytes) -> bool:
    """As ``replace_file`` for content that can be recomputed: returns False instead of raising."""
    try:
        replace_file(path, content)
    except OSError:
        return False
    return True


def remove_file(path: str) -> None:
    """Remove a file if it exists. Raises OSError if it cannot be removed."""
    try:
        os.unlink(path)
    except FileNotFoundError:
        pass


def open_state_file(path: str, flags: int, mode: int | None = None) -> int:
    """Open a state file and return the descriptor. Never follows a symbolic link. Raises OSError.

    A new file can be read and written by its owner alone, or also by the group if the repository is
    shared (see ``is_shared``).
    """
    flags |= os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(path, flags, 0o600 if mode is None else mode)
    if mode is None and flags & os.O_CREAT and is_shared(os.path.dirname(path)):
        try:
            os.fchmod(descriptor, 0o660)
        except PermissionError:
            # Another member of the group created the file, with the right mode.
            pass
    return descriptor


def make_state_folder(path: str) -> None:
    """Create a state folder and its parents. Raises OSError.

    Only its owner has access, or also the group if the repository is shared.
    """
    if os.path.isdir(path):
        return
    parent = os.path.dirname(path)
    make_state_folder(parent)
    try:
        os.mkdir(path, 0o700)
    except FileExistsError:
        return
    if is_shared(parent):
        os.chmod(path, 0o2770)


def is_shared(folder: str) -> bool:
    """Whether the folder belongs to a repository that several users write to.

    With core.sharedRepository (git-config(1)) git makes the folders of a repository writable for
    the group, and new files in them belong to that group.
    """
    try:
        mode = os.stat(folder).st_mode
    except OSError:
        return False
    return bool(mode & stat.S_ISGID and mode & stat.S_IWGRP)


def _synchronise_folder(folder: str) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
