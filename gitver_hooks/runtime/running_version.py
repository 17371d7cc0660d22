"""Whether this process runs the code that is in the worktree now (standard library only).

The rule: if a module of the worktree that this process has loaded has changed since, the process
runs neither the version in the worktree nor, as it may read other files again, the one before. A
mixture of two versions is not a version, so none is active until the module is loaded again.
"""

from __future__ import annotations

from typing import NamedTuple

from gitver_hooks.gitfiles.location import Location
from gitver_hooks.runtime.loaded_modules import changed_modules, mark_as_current

_NAMED = 3


class _Verified(NamedTuple):
    """A version that this process ran, and when it certainly did (nanoseconds since the epoch)."""

    version: str
    time_ns: int


# By the app's folder: what a process has loaded is a property of the process.
_verified: dict[str, _Verified] = {}


def modules_of_another_version(location: Location, version: str, began: int) -> list[str]:
    """The files of loaded modules that are not those of ``version``, the app's on disk.

    ``version`` was established after ``began``, in nanoseconds since the epoch.
    """
    changed = changed_modules(location.worktree)
    before = _verified.get(location.folder)
    if not changed:
        mark_as_current(location.worktree, began)
    elif before is not None and before.version == version:
        # The same content came back: what was loaded by then is what is there again.
        changed = {file: loaded for file, loaded in changed.items() if loaded > before.time_ns}
    if changed:
        return sorted(changed)
    _verified[location.folder] = _Verified(version, began)
    return []


def describe_mixture(files: list[str]) -> str:
    """One line that names ``files``, and says what to do."""
    names = ", ".join(files[:_NAMED])
    if len(files) > _NAMED:
        names += f" and {len(files) - _NAMED} more"
    return (
        f"{names} changed after this process loaded it, so the process runs no version of the code "
        "and is not versioned; restart it"
    )
