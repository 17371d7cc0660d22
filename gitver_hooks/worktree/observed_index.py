"""The index of a worktree, recorded in an observation."""

from __future__ import annotations

import hashlib
import os

from gitver_hooks.common.errors import GitverError
from gitver_hooks.gitfiles.index import Index, IndexFormatError, read_index
from gitver_hooks.handover.observation import Observation
from gitver_hooks.repository.repository import Repository


def read_observed_index(repository: Repository, observation: Observation) -> Index:
    """The index; empty if there is none yet. Raises GitverError if it cannot be read."""
    location = repository.location
    path = os.path.join(location.git_dir, "index")
    try:
        index = read_index(location.git_dir, repository.id_length)
    except (IndexFormatError, OSError) as error:
        raise GitverError(
            f"{path} cannot be read: {error}", "run `git status` to see why"
        ) from error
    if index.signature is None:
        observation.contents[os.fsencode(path)] = None
    else:
        observation.pin(path, index.signature)
        digest = hashlib.sha256(index.content_key()).digest()
        observation.indexes[os.fsencode(path)] = (digest, index.id_length)
    return index
