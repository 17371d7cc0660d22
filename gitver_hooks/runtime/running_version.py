"""Decides whether this process runs the code that is in the worktree now.

Standard library only. The rule: if a module of the worktree that this process has loaded has
changed since, the process runs neither the version in the worktree nor, as it may read other files
again, the one before. A mixture of two versions is not a version, so none is active until the
module is loaded again.
"""

from __future__ import annotations

from gitver_hooks.gitfiles.location import Location
from gitver_hooks.runtime.changed_modules import changed_modules, outdated_copies

_NAMED = 3


# The version that this process ran, and when it certainly did (nanoseconds since the epoch), by the
# app's folder: what a process has loaded is a property of the process.
_verified: dict[str, tuple[str, int]] = {}


def mixture(location: Location, version: str, began: int) -> str:
    """One line that says why this process does not run ``version``, the app's on disk; or nothing.

    ``version`` was established after ``began``, in nanoseconds since the epoch.
    """
    changed = changed_modules(location.worktree, began)
    verified_version, time_ns = _verified.get(location.folder, ("", 0))
    if verified_version == version:
        # The same content came back: what was loaded by then is what is there again.
        changed = {file: loaded for file, loaded in changed.items() if loaded > time_ns}
    if changed:
        return _describe(sorted(changed), "changed after this process loaded it", "restart it")
    copies = outdated_copies(location.worktree)
    if copies:
        fact = "is from before a reload"
        return _describe(copies, fact, "reload the module that imported it")
    _verified[location.folder] = version, began
    return ""


def _describe(names: list[str], fact: str, remedy: str) -> str:
    shown = ", ".join(names[:_NAMED])
    if len(names) > _NAMED:
        shown += f" and {len(names) - _NAMED} more"
    return f"{shown} {fact}, so the process is not versioned; {remedy}"
