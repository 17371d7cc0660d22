"""Runs a keeper as a process of its own, which a deliverer starts to keep and to share code."""

from __future__ import annotations

import os
import signal
from collections.abc import Mapping

from gitver_hooks.common.errors import GitverError
from gitver_hooks.gitfiles.location import Location
from gitver_hooks.handover.log import log
from gitver_hooks.keeping.captured import captured_paths
from gitver_hooks.keeping.keep import keep_captured
from gitver_hooks.keeping.share import push_shared, unpushed_refs
from gitver_hooks.keeping.tidy import pack_kept
from gitver_hooks.registry.own_process import detach, limit_memory

# Seconds: 100 MiB are searched for secrets within one or two minutes, and a push may be slow.
_LONGEST_LIFE = 600
# The app that was just started takes precedence.
_NICENESS = 5


def has_work(location: Location) -> bool:
    """Whether there is something for a keeper to do."""
    return bool(captured_paths(location) or unpushed_refs(location))


def run_keeper(location: Location, environment: Mapping[str, str]) -> None:
    """Keep captured versions, then push those to be shared. For a process of its own."""
    detach()
    limit_memory()
    os.nice(_NICENESS)
    signal.alarm(_LONGEST_LIFE)
    try:
        keep_captured(location, environment)
        pack_kept(location, environment)
        push_shared(location, environment)
    except GitverError as error:
        log(location, f"keeping: {error}", error)
