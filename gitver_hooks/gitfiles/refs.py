"""Reads HEAD and the refs it leads to from plain files (gitrepository-layout(5)), not reftables."""

from __future__ import annotations

import os

from gitver_hooks.common.files import read_small
from gitver_hooks.gitfiles.location import Location

# Git does not follow longer chains of symbolic refs (refs.c, SYMREF_MAXDEPTH).
LONGEST_CHAIN = 5
_OWN_REFS = ("refs/bisect/", "refs/worktree/", "refs/rewritten/")
_SYMBOLIC = b"ref:"


class Head:
    """HEAD: the name of its ``ref`` and the raw ``id`` of its commit.

    ``ref`` is None if HEAD is detached, ``id`` is None before the first commit.
    """

    __slots__ = ("id", "ref")

    def __init__(self, ref: str | None, commit: bytes | None) -> None:
        self.ref = ref
        self.id = commit


def uses_reftables(location: Location) -> bool:
    """Whether the refs are in reftables (git-config(1), extensions.refStorage)."""
    return os.path.isdir(os.path.join(location.common_dir, "reftable"))


def read_head(location: Location) -> Head:
    """HEAD of a worktree. Raises ValueError if HEAD or its ref is neither a name nor an id.

    Only plain files are read, so a pipe in the place of one cannot block anything.
    """
    text = _read(os.path.join(location.git_dir, "HEAD"))
    ref = symbolic_target(text)
    for _ in range(LONGEST_CHAIN):
        target = symbolic_target(text)
        if target is None:
            break
        if not target.startswith("refs/") or ".." in target:
            raise ValueError(f"HEAD points to {target!r}")
        text = _read(ref_path(location, target))
        if text is None:
            text = _packed(location, os.fsencode(target))
    return Head(ref, None if text is None else _raw_id(text))


def symbolic_target(text: bytes | None) -> str | None:
    """The ref that the content of a symbolic ref names; None for any other content."""
    if text is None or not text.startswith(_SYMBOLIC):
        return None
    return os.fsdecode(text[len(_SYMBOLIC) :].strip())


def ref_path(location: Location, name: str) -> str:
    """The file of the loose ref ``name``."""
    folder = location.git_dir if name.startswith(_OWN_REFS) else location.common_dir
    return os.path.join(folder, name)


def _read(path: str) -> bytes | None:
    """The content of a file; None if it does not exist. Raises ValueError if it cannot be read."""
    content = read_small(path)
    if content is None and os.path.isfile(path):
        # An unreadable branch must not be taken for one without a commit.
        raise ValueError(f"{path} cannot be read")
    return content


def _packed(location: Location, name: bytes) -> bytes | None:
    content = _read(os.path.join(location.common_dir, "packed-refs")) or b""
    end = content.find(b" " + name + b"\n")
    return content[content.rfind(b"\n", 0, end) + 1 : end] if end >= 0 else None


def _raw_id(text: bytes) -> bytes:
    raw_id = bytes.fromhex(text.strip().decode("ascii"))
    if len(raw_id) not in (20, 32):
        raise ValueError(f"HEAD points to {text[:80]!r}")
    return raw_id
