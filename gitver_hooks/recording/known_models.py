"""Remembers the model ids of this repository's versions: one small file per version and store."""

from __future__ import annotations

import os
from hashlib import sha256

from gitver_hooks.common.files import read_small, remove_file, replace_file
from gitver_hooks.gitfiles.location import Location
from gitver_hooks.handover.store import Store
from gitver_hooks.registry.tracking import sqlite_inode

_MOST_VERSIONS = 5_000


class KnownModels:
    """The model ids by version id, for one store.

    A version that is a part of a tree belongs to an ``app``, and its model may have the ``name`` of
    another commit. For all other versions, both are empty.

    The ids of an SQLite store are forgotten when its file is deleted or replaced, which its inode
    shows.
    """

    def __init__(self, location: Location, store: Store) -> None:
        self._folder = os.path.join(location.shared_state_dir, "models", store.key)
        self._store = store

    def get(self, version_id: str, app: str = "") -> str | None:
        """The model id of a version, or None."""
        return self._read(version_id, app)[0] or None

    def name(self, version_id: str, app: str) -> str:
        """The name of the model of a version; empty if it is not known."""
        return self._read(version_id, app)[1]

    def put(self, version_id: str, model_id: str, app: str = "", name: str = "") -> None:
        """Remember the model of a version. Raises OSError."""
        if not self._is_same_file():
            import shutil

            shutil.rmtree(self._folder, ignore_errors=True)
        inode = sqlite_inode(self._store.tracking_uri)
        if not os.path.exists(self._inode_file):
            replace_file(self._inode_file, f"{inode}\n".encode())
        self._make_room()
        lines = [model_id, name] if name else [model_id]
        replace_file(self._path(version_id, app), "".join(f"{line}\n" for line in lines).encode())

    def forget(self, version_id: str, app: str = "") -> None:
        """Forget the model of a version."""
        remove_file(self._path(version_id, app))

    def _read(self, version_id: str, app: str) -> tuple[str, str]:
        if not self._is_same_file():
            return "", ""
        return _read_lines(self._path(version_id, app))

    def files(self) -> dict[str, str]:
        """The model ids by the names of their files."""
        names = [name for name in _names(self._folder) if name[0] != "."]
        paths = {name: os.path.join(self._folder, name) for name in names}
        return {name: _read_lines(path)[0] for name, path in paths.items()}

    def is_in_another_store(self, version_id: str) -> bool:
        """Whether this repository knows a model of the version in any other store."""
        stores, own = os.path.split(self._folder)
        name = os.path.basename(self._path(version_id, ""))
        return any(
            file_name == name or file_name.endswith(f"%2F{name}")
            for store in set(_names(stores)) - {own}
            for file_name in _names(os.path.join(stores, store))
        )

    def forget_file(self, name: str) -> None:
        """Remove one of the ``files``."""
        remove_file(os.path.join(self._folder, name))

    @property
    def _inode_file(self) -> str:
        return os.path.join(self._folder, ".inode")

    def _is_same_file(self) -> bool:
        inode = read_small(self._inode_file)
        present = sqlite_inode(self._store.tracking_uri).encode("ascii")
        return inode is not None and inode.strip() == present

    def _path(self, version_id: str, app: str) -> str:
        name = f"{app}/{version_id}" if app else version_id
        if not _is_plain(name):
            # Imported where needed: hooks are faster without it.
            from urllib.parse import quote

            name = quote(name, safe="@")
        # A quoted branch name (per_branch) can exceed the limit for file names.
        name = name if len(name) <= 200 else sha256(name.encode()).hexdigest()
        return os.path.join(self._folder, name)

    def _make_room(self) -> None:
        names = os.listdir(self._folder)
        if len(names) <= _MOST_VERSIONS:
            return
        paths = [os.path.join(self._folder, name) for name in names if not name.startswith(".")]
        paths.sort(key=lambda path: os.stat(path).st_mtime)
        for path in paths[: len(paths) // 2]:
            remove_file(path)


def _read_lines(path: str) -> tuple[str, str]:
    """The model id and the name in a file; empty if they are not there."""
    lines = (read_small(path) or b"").decode("utf-8").strip()
    model_id, _, name = lines.partition("\n")
    return model_id, name


def _names(folder: str) -> list[str]:
    try:
        return os.listdir(folder)
    except (FileNotFoundError, NotADirectoryError):
        return []


def _is_plain(name: str) -> bool:
    """Whether a name consists of letters, digits and dashes, which quoting leaves alone."""
    return name.isascii() and name.replace("-", "").isalnum()
