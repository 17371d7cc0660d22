"""Writes what was captured of one worktree: its objects, then a ref that holds them."""

from __future__ import annotations

from collections.abc import Collection
from functools import partial
from typing import IO, TYPE_CHECKING

from gitver_hooks.common.errors import GitverError
from gitver_hooks.gitfiles.index import GITLINK_MODE
from gitver_hooks.keeping.captured import CapturedFile, CapturedWorktree, read_blob
from gitver_hooks.keeping.kept_refs import note_recorded, write_ref
from gitver_hooks.keeping.kept_version import MISSING, SECRET, SUBMODULE, Cut, KeptVersion
from gitver_hooks.keeping.object_files import BLOB, TAG, TREE, object_id
from gitver_hooks.keeping.trees import ChangedTree
from gitver_hooks.keeping.write_objects import Unwritten, write_objects
from gitver_hooks.repository.repository import Repository
from gitver_hooks.version.withhold import secret_kind
from gitver_hooks.worktree.tree import Children

if TYPE_CHECKING:
    from dulwich.objects import Commit


def write_version(
    repository: Repository,
    captured: CapturedWorktree,
    file: IO[bytes],
    not_kept: Collection[str],
) -> None:
    """Keep a captured worktree in ``repository``; ``file`` has the blobs of its files.

    ``not_kept`` are the versions of submodules that could not be kept. All files are searched for
    secrets before any object is written, and each object is written after those it refers to.
    Raises GitverError, OSError, or KeyError if the repository lacks an object of HEAD.
    """
    cuts = _cuts(captured, file, repository.algorithm)
    commit = None if captured.commit is None else _commit(repository, captured.commit)
    kept, tree = _described(repository, captured, commit, cuts, not_kept)
    tag = kept.to_tag(0 if commit is None else commit.commit_time)
    tag_id = object_id(TAG, tag, repository.algorithm)
    write_objects(
        repository,
        [
            *(
                Unwritten(BLOB, captured_file.id, partial(read_blob, file, captured_file))
                for captured_file in captured.files
                if captured_file.path not in cuts
            ),
            *(
                Unwritten(TREE, raw_id.hex(), partial(bytes, body))
                for raw_id, body in tree.bodies.items()
            ),
            Unwritten(TAG, tag_id, partial(bytes, tag)),
        ],
    )
    write_ref(repository, kept, tag_id)
    note_recorded(repository.location, captured.version)


def _described(
    repository: Repository,
    captured: CapturedWorktree,
    commit: Commit | None,
    cuts: dict[bytes, Cut],
    not_kept: Collection[str],
) -> tuple[KeptVersion, ChangedTree]:
    """The kept version and its tree."""
    head_tree = None if commit is None else commit.tree.decode("ascii")
    full_tree = _changed_tree(repository, captured, head_tree, ())
    # What was compared is another tree if only some paths count, or if git-replace(1) says so.
    if captured.head_tree == head_tree and captured.tree != full_tree.id.hex():
        raise GitverError(f"its tree is {captured.tree}, not {full_tree.id.hex()}")
    tree = _changed_tree(repository, captured, head_tree, cuts) if cuts else full_tree
    lost = [module for module in captured.submodules if module.version in not_kept]
    kept = KeptVersion(
        version=captured.version,
        commit=captured.commit,
        tree=tree.id.hex(),
        full_tree=captured.tree,
        model_name=captured.model_name,
        submodules=tuple(module for module in captured.submodules if module not in lost),
        cuts=(
            *(cuts[path] for path in sorted(cuts)),
            *(Cut(SUBMODULE, 0, module.path) for module in lost),
        ),
    )
    return kept, tree


def _cuts(captured: CapturedWorktree, file: IO[bytes], algorithm: str) -> dict[bytes, Cut]:
    cuts = {}
    for captured_file in captured.files:
        reason = captured_file.reason or _reason(
            captured_file, read_blob(file, captured_file), algorithm
        )
        if reason:
            cuts[captured_file.path] = Cut(reason, captured_file.size, captured_file.path)
    return cuts


def _reason(captured: CapturedFile, blob: bytes, algorithm: str) -> str:
    """Why a file is not kept; empty if it is."""
    if object_id(BLOB, blob, algorithm) != captured.id:
        return MISSING
    path = captured.path.decode("utf-8", "replace")
    return SECRET if secret_kind(path, blob) is not None else ""


def _changed_tree(
    repository: Repository,
    captured: CapturedWorktree,
    head_tree: str | None,
    without: Collection[bytes],
) -> ChangedTree:
    """HEAD's tree with the captured changes, but not the paths in ``without``."""
    changes: dict[bytes, tuple[int, bytes] | None] = dict.fromkeys(captured.removed)
    changes |= {path: (GITLINK_MODE, bytes.fromhex(commit)) for path, commit in captured.links}
    changes |= {file.path: (file.mode, bytes.fromhex(file.id)) for file in captured.files}
    changes |= dict.fromkeys(without)

    def read_tree(raw_id: bytes) -> Children:
        tree = repository.dulwich.object_store[raw_id.hex().encode("ascii")]  # type: ignore[index]
        return {
            name: (mode, bytes.fromhex(sha.decode("ascii")))
            for name, mode, sha in tree.items()  # type: ignore[attr-defined]
        }

    base = None if head_tree is None else bytes.fromhex(head_tree)
    return ChangedTree(base, changes, read_tree, repository.algorithm)


def _commit(repository: Repository, commit: str) -> Commit:
    return repository.dulwich.object_store[commit.encode("ascii")]  # type: ignore[index, return-value]
