"""Locks: held by one process at a time, and released afterwards."""

from __future__ import annotations

import threading
import time
from pathlib import Path

from gitver_hooks.common.locks import FileLock, FolderLock


def test_a_lock_has_one_holder_and_is_free_afterwards(tmp_path: Path) -> None:
    path = str(tmp_path / "state" / "lock")
    with FileLock(path) as first, FileLock(path, 0.05) as second:
        assert first.held
        assert not second.held
    with FileLock(path) as third:
        assert third.held


def test_a_folder_is_locked_without_creating_a_file(tmp_path: Path) -> None:
    order: list[str] = []

    def second() -> None:
        with FolderLock(tmp_path):
            order.append("second")

    with FolderLock(tmp_path):
        thread = threading.Thread(target=second)
        thread.start()
        time.sleep(0.1)
        order.append("first")
    thread.join()
    assert order == ["first", "second"]
    assert list(tmp_path.iterdir()) == []
