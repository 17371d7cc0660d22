"""Small files: read whole without ever waiting, replaced at once (standard library only)."""

from __future__ import annotations

import errno
import os
import time

_PIECE = 1 << 16


def read_small(path: str | bytes, *, follow: bool = True) -> bytes | None:
    """The content of a file; None where there is none to be read. Never waits on a FIFO.

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


def write_private(path: str, data: bytes) -> bool:
    """Replace a file of the state at once, readable by its owner alone; whether it was possible."""
    temporary = f"{path}.{os.getpid()}"
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        try:
            with open(descriptor, "wb") as file:
                file.write(data)
            os.replace(temporary, path)
        except OSError:
            os.unlink(temporary)
            raise
    except OSError:
        return False
    return True


def replace_file(
    path: str,
    content: bytes,
    *,
    temporary_folder: str | None = None,
    mode: int = 0o600,
    durable: bool = False,
) -> None:
    """Make ``path`` hold ``content``: whoever reads it sees all of the old or all of the new.

    ``durable`` also brings it to the disk, the folder's entry included. Raises OSError.
    """
    folder = os.path.dirname(path)
    temporary_folder = temporary_folder or folder
    os.makedirs(temporary_folder, mode=0o700, exist_ok=True)
    name = f".{os.path.basename(path)}.{os.getpid()}.{time.monotonic_ns()}"
    temporary = os.path.join(temporary_folder, name)
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        with open(descriptor, "wb") as file:
            file.write(content)
            if durable:
                file.flush()
                os.fsync(descriptor)
        os.replace(temporary, path)
    except OSError as error:
        os.unlink(temporary)
        if error.errno == errno.EXDEV and temporary_folder != folder:
            replace_file(path, content, mode=mode, durable=durable)
            return
        raise
    if durable:
        _synchronise_folder(folder)


def _synchronise_folder(folder: str) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
