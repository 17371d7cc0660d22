"""Lists the files that a commit changed, as far as the clone has the objects."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from typing import NamedTuple

from gitver_hooks.gitfiles.object_contents import CommitContent, tree_entries
from gitver_hooks.repository.repository import Repository

_Side = tuple[int, bytes] | None


class ChangedFile(NamedTuple):
    """A path, and git's letter for the kind of change: A (added), M (modified) or D (deleted)."""

    letter: str
    path: bytes


def read_commit(repository: Repository, commit: bytes) -> CommitContent | None:
    """The commit with this raw id; None if the repository does not have it."""
    git_object = repository.object(commit)
    if git_object is None or git_object[0] != b"commit":
        return None
    try:
        return CommitContent(git_object[1])
    except ValueError:
        return None


def changed_files(repository: Repository, commit: CommitContent) -> Iterator[ChangedFile]:
    """The files that a commit changed from its first parent, sorted by path.

    Ends early at a missing object, as in shallow and partial clones. Yields nothing if the parent
    is missing.
    """
    parent = read_commit(repository, commit.parents[0]) if commit.parents else None
    if commit.parents and parent is None:
        return
    try:
        yield from _changes(repository, b"", parent.tree if parent else None, commit.tree)
    except LookupError:
        return


def _changes(
    repository: Repository, prefix: bytes, old: bytes | None, new: bytes | None
) -> Iterator[ChangedFile]:
    old_entries, new_entries = _entries(repository, old), _entries(repository, new)
    for name in sorted(old_entries.keys() | new_entries.keys()):
        old_side, new_side = old_entries.get(name), new_entries.get(name)
        if old_side == new_side:
            continue
        path = prefix + name
        old_file, new_file = _file(old_side), _file(new_side)
        if old_file or new_file:
            yield ChangedFile("A" if not old_file else "D" if not new_file else "M", path)
        old_folder, new_folder = _folder(old_side), _folder(new_side)
        if old_folder or new_folder:
            yield from _changes(repository, path + b"/", old_folder, new_folder)


def _entries(repository: Repository, tree: bytes | None) -> dict[bytes, tuple[int, bytes]]:
    if tree is None:
        return {}
    git_object = repository.object(tree)
    if git_object is None:
        raise LookupError(tree.hex())
    try:
        entries = tree_entries(git_object[1], repository.id_length)
        return {name: (mode, entry_id) for name, mode, entry_id in entries}
    except ValueError as error:
        raise LookupError(tree.hex()) from error


def _file(side: _Side) -> _Side:
    return None if side is None or stat.S_ISDIR(side[0]) else side


def _folder(side: _Side) -> bytes | None:
    return side[1] if side is not None and stat.S_ISDIR(side[0]) else None
