"""Which files say what HEAD is (gitrepository-layout(5))."""

from __future__ import annotations

import os

from gitver_hooks.common.files import read_small
from gitver_hooks.gitfiles.location import Location
from gitver_hooks.handover.observation import Observation


def pin_head(observation: Observation, location: Location) -> None:
    """Record what says which commit HEAD is: HEAD, the refs it leads through, packed refs."""
    path = os.path.join(location.git_dir, "HEAD")
    for _ in range(5):
        text = observation.contents[os.fsencode(path)] = read_small(os.fsencode(path))
        if text is None or not text.startswith(b"ref:"):
            break
        ref = os.fsdecode(text[4:].strip())
        own = ref.startswith(("refs/bisect/", "refs/worktree/", "refs/rewritten/"))
        path = os.path.join(location.git_dir if own else location.common_dir, ref)
    if text is None:
        packed = os.path.join(location.common_dir, "packed-refs")
        try:
            observation.pin(packed, os.stat(packed))
        except OSError:
            observation.contents[os.fsencode(packed)] = None
    for folder in {location.git_dir, location.common_dir}:
        table = os.fsencode(os.path.join(folder, "reftable", "tables.list"))
        observation.contents[table] = read_small(table)
