"""Reads the index of a worktree and records it in an observation."""

from __future__ import annotations

import hashlib
import os

from gitver_hooks.common.errors import GitverError
from gitver_hooks.gitfiles.index import Index, IndexFormatError, read_index
from gitver_hooks.gitfiles.restricted_index import restricted_index
from gitver_hooks.gitfiles.scope import Scope
from gitver_hooks.handover.observation import Observation, signature_of
from gitver_hooks.repository.repository import Repository


def read_whole_index(repository: Repository) -> Index:
    """The index of the worktree, which the caller must not change; empty if there is none yet.

    It is cached until its stat data changes: git never writes to an existing index file, but
    replaces it. Raises GitverError if it cannot be read.
    """
    git_dir, cached = repository.location.git_dir, repository.last_index
    path = os.path.join(git_dir, "index")
    if cached is not None and _is_unchanged(cached, path):
        return cached
    try:
        index = read_index(git_dir, repository.id_length)
    except (IndexFormatError, OSError) as error:
        raise GitverError(
            f"{path} cannot be read: {error}", "run `git status` to see why"
        ) from error
    repository.last_index = index
    return index


def _is_unchanged(index: Index, path: str) -> bool:
    try:
        now = os.stat(path)
    except OSError:
        return False
    return index.signature is not None and signature_of(index.signature) == signature_of(now)


def read_observed_index(
    repository: Repository, scope: Scope, observation: Observation
) -> tuple[Index, Index]:
    """The whole index, and a copy of the part that is in ``scope``.

    The caller may change the copy only. Both are empty if there is no index yet. Raises GitverError
    if the index cannot be read.
    """
    index = read_whole_index(repository)
    path = os.path.join(repository.location.git_dir, "index")
    counted = restricted_index(index, scope)
    if index.signature is None:
        observation.contents[os.fsencode(path)] = None
    else:
        observation.pin(path, index.signature)
        digest = hashlib.sha256(counted.content_key()).digest()
        observation.indexes[os.fsencode(path)] = (digest, index.id_length)
    return index, counted
