"""The model ids that this repository knows: one small file per version and store."""

from __future__ import annotations

import os
import shutil
from hashlib import sha256
from pathlib import Path
from urllib.parse import quote

from gitver_hooks.common.files import replace_file
from gitver_hooks.gitfiles.location import Location
from gitver_hooks.handover.store import Store
from gitver_hooks.registry.tracking import sqlite_inode

_MOST_VERSIONS = 5_000


class KnownModels:
    """Version id -> model id, for one store.

    The ids of an SQLite store are forgotten when its file is deleted or replaced: its inode is kept
    beside the ids.
    """

    def __init__(self, location: Location, store: Store) -> None:
        self._folder = Path(location.shared_state_dir, "models", store.key)
        self._store = store

    def get(self, version_id: str) -> str | None:
        """The model id of a version, or None."""
        if not self._is_same_file():
            return None
        try:
            return self._path(version_id).read_text().strip() or None
        except OSError:
            return None

    def put(self, version_id: str, model_id: str) -> None:
        if not self._is_same_file():
            shutil.rmtree(self._folder, ignore_errors=True)
        inode = sqlite_inode(self._store.tracking_uri)
        if not self._inode_file.exists():
            replace_file(str(self._inode_file), f"{inode}\n".encode())
        self._make_room()
        replace_file(str(self._path(version_id)), f"{model_id}\n".encode())

    def forget(self, version_id: str) -> None:
        self._path(version_id).unlink(missing_ok=True)

    @property
    def _inode_file(self) -> Path:
        return self._folder / ".inode"

    def _is_same_file(self) -> bool:
        try:
            return self._inode_file.read_text().strip() == sqlite_inode(self._store.tracking_uri)
        except OSError:
            return False

    def _path(self, version_id: str) -> Path:
        name = quote(version_id, safe="@")
        # A quoted branch name (per_branch) can exceed the limit for file names.
        return self._folder / (name if len(name) <= 200 else sha256(name.encode()).hexdigest())

    def _make_room(self) -> None:
        names = os.listdir(self._folder)
        if len(names) <= _MOST_VERSIONS:
            return
        paths = [self._folder / name for name in names if not name.startswith(".")]
        paths.sort(key=lambda path: path.stat().st_mtime)
        for path in paths[: len(paths) // 2]:
            path.unlink(missing_ok=True)
