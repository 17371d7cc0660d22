"""The location of a worktree, as commands find it."""

from __future__ import annotations

import os
from pathlib import Path

from gitver_hooks.gitfiles.location import Location, find_location


def location_of(path: Path) -> Location:
    """The location of the worktree that contains ``path``."""
    found = find_location(str(path), os.environ)
    assert found is not None
    return found
