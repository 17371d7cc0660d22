"""Writes the objects that a repository lacks: a few as loose objects, many as one pack."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import NamedTuple

from gitver_hooks.keeping.object_files import GitObject, freshen, write_loose, write_pack
from gitver_hooks.repository.repository import Repository

# 100 loose objects take five to ten times as long as a pack of them (measured), but each pack makes
# all later look-ups in the repository slower.
_MOST_LOOSE = 20


class Unwritten(NamedTuple):
    """The type and the id in hex of an object, and a function that reads its content."""

    type: str
    id: str
    read: Callable[[], bytes]

    def load(self) -> GitObject:
        """The object with its content."""
        return GitObject(self.type, self.id, self.read())


def write_objects(repository: Repository, unwritten: Sequence[Unwritten]) -> None:
    """Write the objects that do not exist yet, in this order. Raises OSError."""
    from dulwich.objects import ObjectID

    store = repository.dulwich.object_store
    objects = os.path.join(repository.location.common_dir, "objects")
    missing = {
        git_object.id: git_object
        for git_object in unwritten
        if not freshen(objects, git_object.id)
        and ObjectID(git_object.id.encode("ascii")) not in store
    }
    if len(missing) <= _MOST_LOOSE:
        for git_object in missing.values():
            write_loose(objects, git_object.load())
        return
    new = (git_object.load() for git_object in missing.values())
    write_pack(objects, new, len(missing), repository.algorithm)
