"""Trees and blobs from the object store, through dulwich."""

from __future__ import annotations

from gitver_hooks.common.errors import GitverError
from gitver_hooks.repository.repository import Repository
from gitver_hooks.worktree.tree import Children


def read_tree(repository: Repository, raw_id: bytes) -> Children:
    """What the tree of a raw id holds. Raises GitverError where it is missing or no tree."""
    from dulwich.objects import ObjectID, Tree

    hex_id = raw_id.hex()
    try:
        tree = repository.repo.object_store[ObjectID(hex_id.encode("ascii"))]
    except KeyError as error:
        raise _broken(repository, f"the tree {hex_id} is missing") from error
    if not isinstance(tree, Tree):
        raise _broken(repository, f"{hex_id} is not a tree")
    return {name: (mode, bytes.fromhex(sha.decode("ascii"))) for name, mode, sha in tree.items()}


def read_blob(repository: Repository, hex_id: bytes) -> bytes | None:
    """The content of a blob by its id in hex; None where the repository does not have it."""
    from dulwich.objects import ObjectID

    try:
        return repository.repo.object_store[ObjectID(hex_id)].as_raw_string()
    except KeyError:
        return None


def missing_blob(repository: Repository, hex_id: bytes) -> GitverError:
    """The error for a blob that has to be there."""
    return _broken(repository, f"the blob {hex_id.decode('ascii')} is missing")


def _broken(repository: Repository, what: str) -> GitverError:
    return GitverError(
        f"{what} in {repository.location.common_dir}", "run `git fsck` and repair the repository"
    )
