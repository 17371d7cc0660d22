"""Reads the objects of a repository: loose ones, those in packs and those in alternates.

dulwich reads them too, but importing what it needs for that takes longer than a whole hook may
(70 ms of CPU time). Objects that are not found or understood here are left to dulwich.
"""

from __future__ import annotations

import os
import zlib

from gitver_hooks.common.files import read_small
from gitver_hooks.gitfiles.pack import Pack

# The type, as git spells it, and the content.
RawObject = tuple[bytes, bytes]
# git's own limit (object-file.c, link_alt_odb_entries).
_DEEPEST_ALTERNATE = 5


class ObjectFiles:
    """The objects below ``<common dir>/objects``, by raw id of ``id_length`` bytes."""

    def __init__(self, common_dir: str, id_length: int) -> None:
        self._id_length = id_length
        self._folders = _with_alternates(os.path.join(common_dir, "objects"))
        self._packs: list[Pack] | None = None

    def read(self, raw_id: bytes) -> RawObject | None:
        """The object; None if it is not found, or is not understood."""
        try:
            return self._loose(raw_id) or self._packed(raw_id)
        except (OSError, ValueError, IndexError, zlib.error):
            return None

    def close(self) -> None:
        """Close the packs."""
        for pack in self._packs or ():
            pack.close()
        self._packs = None

    def _loose(self, raw_id: bytes) -> RawObject | None:
        name = raw_id.hex()
        for folder in self._folders:
            compressed = read_small(os.path.join(folder, name[:2], name[2:]))
            if compressed is not None:
                header, _, content = zlib.decompress(compressed).partition(b"\0")
                return header.partition(b" ")[0], content
        return None

    def _packed(self, raw_id: bytes) -> RawObject | None:
        if self._packs is None:
            self._packs = [pack for folder in self._folders for pack in self._packs_in(folder)]
        for pack in self._packs:
            git_object = pack.read(raw_id)
            if git_object is not None:
                return git_object
        return None

    def _packs_in(self, folder: str) -> list[Pack]:
        folder = os.path.join(folder, "pack")
        packs = []
        for name in sorted(os.listdir(folder)) if os.path.isdir(folder) else ():
            if name.startswith("pack-") and name.endswith(".idx"):
                try:
                    packs.append(Pack(os.path.join(folder, name), self._id_length))
                except (OSError, ValueError):
                    continue
        return packs


def _with_alternates(folder: str, depth: int = 0) -> list[str]:
    """``folder`` and those that ``info/alternates`` names (gitrepository-layout(5))."""
    folders = [folder]
    text = read_small(os.path.join(folder, "info", "alternates")) or b""
    for line in text.splitlines() if depth <= _DEEPEST_ALTERNATE else ():
        if line and not line.startswith(b"#"):
            alternate = os.path.normpath(os.path.join(folder, os.fsdecode(line)))
            folders += _with_alternates(alternate, depth + 1)
    return folders
