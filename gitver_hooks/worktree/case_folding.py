"""Finds names that git takes for the same under core.ignoreCase (git's name-hash.c)."""

from __future__ import annotations

from collections.abc import Iterable

from gitver_hooks.worktree.tree import with_parents


class CaseFolding:
    """The tracked paths and their directories, looked up without regard to ASCII case."""

    def __init__(self, paths: Iterable[bytes]) -> None:
        paths = list(paths)
        self._files = {path.lower(): path for path in paths}
        directories = with_parents({path.rpartition(b"/")[0] for path in paths})
        self._directories = {path.lower(): path for path in directories}

    def tracked_file(self, path: bytes) -> bytes | None:
        """The tracked path that git takes ``path`` for, if there is one."""
        return self._files.get(path.lower())

    def is_tracked_directory(self, path: bytes) -> bool:
        """Whether git takes ``path`` for a directory with tracked files."""
        return path.lower() in self._directories

    def stored_path(self, path: bytes) -> bytes:
        """The path under which git stores a new file: in directories as they are already spelt.

        See adjust_dirname_case() in name-hash.c.
        """
        directory, slash, name = path.rpartition(b"/")
        new_names = []
        while directory and directory.lower() not in self._directories:
            directory, _, new_name = directory.rpartition(b"/")
            new_names.append(new_name)
        stored_directory = self._directories[directory.lower()] if directory else b""
        parts = [stored_directory] if stored_directory else []
        return b"/".join((*parts, *reversed(new_names), name)) if slash else path
