"""Turns captured files into git objects and a ref, without secrets."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import IO

from gitver_hooks.common.errors import GitverError
from gitver_hooks.common.locks import FileLock
from gitver_hooks.gitfiles.location import Location, worktree_at
from gitver_hooks.gitfiles.ownership import check_ownership
from gitver_hooks.handover.log import log
from gitver_hooks.keeping.captured import CapturedWorktree, captured_paths, read_captured
from gitver_hooks.keeping.share import mark_submodule_unpushed, mark_unpushed
from gitver_hooks.keeping.write_version import write_version
from gitver_hooks.repository.repository import open_repository

# Seconds. How long to wait for another keeper, which may be keeping the version that is needed.
_LOCK_SECONDS = 120.0
# Seconds after which a captured version is given up, because every attempt to keep it was killed.
_LONGEST_WAIT = 86_400.0


def keep_captured(location: Location, environment: Mapping[str, str]) -> None:
    """Keep everything that was captured in the repository. A failure is a line in the log.

    When this returns, no version that was recorded before is still waiting to be kept.
    """
    if not captured_paths(location):
        return
    path = os.path.join(location.shared_state_dir, "captured.lock")
    with FileLock(path, _LOCK_SECONDS) as lock:
        for captured in captured_paths(location) if lock.held else ():
            _keep_file(location, environment, captured)


def _keep_file(location: Location, environment: Mapping[str, str], path: Path) -> None:
    try:
        with path.open("rb") as file:
            if time.time() - path.stat().st_mtime > _LONGEST_WAIT:
                raise GitverError("it was given up after a day")
            _keep(location, environment, file)
    except (GitverError, OSError, ValueError, KeyError) as error:
        log(location, f"the code of {path.name} is not kept: {error}", error)
    path.unlink(missing_ok=True)


def _keep(location: Location, environment: Mapping[str, str], file: IO[bytes]) -> None:
    """Keep the dirty submodules in a file, then the worktree that contains them."""
    *modules, own = read_captured(file)
    not_kept = {
        module.version
        for module in modules
        if not _keep_submodule(location, environment, module, file)
    }
    with open_repository(location, environment) as repository:
        write_version(repository, own, file, not_kept)
    if own.share:
        mark_unpushed(location, own.version)


def _keep_submodule(
    location: Location, environment: Mapping[str, str], module: CapturedWorktree, file: IO[bytes]
) -> bool:
    """Keep a submodule in its own repository; False, with a line in the log, if that fails."""
    try:
        inside = worktree_at(module.worktree)
        if inside is None:
            raise GitverError(f"{module.worktree} is no repository any more")
        check_ownership(inside.worktree, inside.git_dir, environment)
        with open_repository(inside, environment) as repository:
            write_version(repository, module, file, set())
            if module.share:
                mark_submodule_unpushed(repository, module.version, location)
    except (GitverError, OSError, ValueError, KeyError) as error:
        log(location, f"the changes in {module.worktree} are not kept: {error}", error)
        return False
    return True
