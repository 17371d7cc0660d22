"""Locks between processes, released when their holder dies (flock(2)). Standard library only."""

from __future__ import annotations

import fcntl
import os
import time

from gitver_hooks.common.files import make_state_folder, open_state_file

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType


class FileLock:
    """A lock on the file ``path``, which is created if needed and never removed.

    Entering waits up to ``seconds``; ``held`` then says whether the lock was acquired.
    """

    def __init__(self, path: str, seconds: float = 0.0) -> None:
        self.path = path
        self.seconds = seconds
        self.held = False
        self._descriptor = -1

    def __enter__(self) -> FileLock:
        make_state_folder(os.path.dirname(self.path))
        self._descriptor = open_state_file(self.path, os.O_RDWR | os.O_CREAT)
        deadline = time.monotonic() + self.seconds
        while True:
            try:
                fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    return self
                time.sleep(0.01)
            else:
                self.held = True
                return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        os.close(self._descriptor)
        self.held = False


class FolderLock:
    """A lock on a folder itself, without a lock file.

    A no-op on filesystems that cannot lock folders.
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self.folder = folder
        self._descriptor = -1

    def __enter__(self) -> FolderLock:
        self._descriptor = os.open(self.folder, os.O_RDONLY)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX)
        except OSError:
            # As on some network filesystems.
            pass
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        os.close(self._descriptor)
