"""Tells whether git tracks one of a few paths (standard library only)."""

from __future__ import annotations

import os

from gitver_hooks.gitfiles.index import read_index

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from gitver_hooks.gitfiles.index import Index

_VERSION = slice(4, 8)
_COMPRESSED = b"\0\0\0\4"


def first_tracked(git_dir: str, paths: Sequence[bytes], id_length: int = 20) -> bytes | None:
    """The first of ``paths`` that git tracks as a file or as a folder; None if it tracks none.

    A path counts as tracked if a sparse index folds a folder above it.

    ``git_dir`` and ``id_length`` are those of ``read_index``. Raises IndexFormatError if the index
    is damaged, OSError if it cannot be read.
    """
    if not _may_contain(os.path.join(git_dir, "index"), paths):
        return None
    index = read_index(git_dir, id_length)
    return next((path for path in paths if _tracks(index, path)), None)


def _may_contain(index: str, paths: Sequence[bytes]) -> bool:
    """Whether one of ``paths`` can be in the file: most indexes need not be parsed to say no."""
    try:
        with open(index, "rb") as file:
            content = file.read()
    except FileNotFoundError:
        return False
    # Version 4 cuts paths into pieces, and a split index leaves some out.
    if content[_VERSION] == _COMPRESSED or b"link" in content:
        return True
    return any(path.partition(b"/")[0] in content for path in paths)


def _tracks(index: Index, path: bytes) -> bool:
    tracked = (index.entries, index.unmerged, index.sparse)
    path_and_parents = [path]
    while parent := path_and_parents[-1].rpartition(b"/")[0]:
        path_and_parents.append(parent)
    if any(folder in paths for folder in path_and_parents for paths in tracked):
        return True
    return any(name.startswith(path + b"/") for paths in tracked for name in paths)
