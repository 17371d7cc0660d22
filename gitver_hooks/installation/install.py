"""Installs and uninstalls the native hooks, leaving everybody else's exactly as they were.

Our hook takes the place of an existing one, which moves under the same name to a folder beside the
hooks folder (``hooks.before-gitver``). The folder links to the rest of the hooks folder, so a moved
hook that uses its own name, its own folder or a relative path keeps working. If the existing hook
is pre-commit's or prek's, ours goes to ``<hook>.legacy``, which they run first, because that
survives their own install and uninstall in any order.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from gitver_hooks.common.errors import GitverError
from gitver_hooks.gitfiles.location import Location
from gitver_hooks.installation import hook_files, kept_hooks
from gitver_hooks.installation.hook_files import NAMES
from gitver_hooks.installation.hooks_folder import hooks_folder, place_of
from gitver_hooks.installation.transaction import (
    all_or_nothing,
    make_folder,
    move,
    remove,
    replace,
    write_executable,
)

# As the hooks start Python: without PYTHONPATH and without the current folder.
_IMPORT_CHECK = "import sys; sys.path[:] = filter(None, sys.path); import gitver_hooks"


@dataclass(frozen=True)
class HookChange:
    """The change of the hook ``name``; ``path`` is where ours is, or was."""

    name: str
    path: Path
    outcome: str


def install(
    location: Location, environment: Mapping[str, str], interpreter: str = sys.executable
) -> list[HookChange]:
    """Install the hooks for ``interpreter``; hooks that already exist run first. All or nothing.

    A second call changes nothing. Raises GitverError, with everything as it was before, if the
    folder cannot be written, if a hook is not a file, or if ``interpreter`` has no gitver.
    """
    folder = hooks_folder(location, environment)
    if folder.exists() and folder.resolve() == hook_files.ready_made_folder().resolve():
        return [HookChange(name, folder / name, "ready-made") for name in NAMES]
    if folder.resolve() == Path(location.worktree).resolve():
        raise GitverError(
            "core.hooksPath is empty or the worktree's root, where git runs no hooks",
            "`git config --show-origin core.hooksPath` shows where to change it",
        )
    _check_interpreter(interpreter)
    with all_or_nothing(folder) as undo:
        changes = [_install_hook(folder, name, interpreter, undo) for name in NAMES]
        kept_hooks.link_neighbours(folder, undo)
        return changes


def uninstall(location: Location, environment: Mapping[str, str]) -> list[HookChange]:
    """Remove what ``install`` wrote and restore what it replaced, byte for byte. All or nothing.

    Also finds our hooks if pre-commit has moved them to ``<hook>.legacy``. Raises GitverError, with
    everything as it was before, if the folder cannot be written.
    """
    folder = hooks_folder(location, environment)
    changes: list[HookChange] = []
    if not folder.is_dir():
        return changes
    with all_or_nothing(folder) as undo:
        for name in NAMES:
            for path in (folder / name, folder / f"{name}.legacy"):
                if hook_files.is_installed_by_us(path):
                    changes.append(_remove_hook(folder, name, path, undo))
            kept = kept_hooks.kept_folder(folder) / name
            if os.path.lexists(kept) and not os.path.lexists(folder / name):
                # Somebody deleted our hook; the hook that it replaced must not be lost.
                move(kept, folder / name, undo)
                changes.append(HookChange(name, folder / name, "restored"))
        kept_hooks.remove_if_unused(folder)
    return changes


def kept_hook(change: HookChange) -> Path | None:
    """The kept hook that ours runs first, or None if there is none that git would run."""
    kept = kept_hooks.kept_folder(change.path.parent) / change.name
    return kept if hook_files.is_executable(kept) and not hook_files.is_ours(kept) else None


def _install_hook(folder: Path, name: str, interpreter: str, undo: ExitStack) -> HookChange:
    place, kept = place_of(folder, name), kept_hooks.kept_folder(folder) / name
    for elsewhere in {folder / name, folder / f"{name}.legacy"} - {place}:
        # Nothing runs our hook there any more. Restore the hook that it replaced first.
        if hook_files.is_installed_by_us(elsewhere):
            _remove_hook(folder, name, elsewhere, undo)
    if hook_files.is_installed_by_us(place):
        return _update_hook(name, place, kept, interpreter, undo)
    if os.path.lexists(place):
        if not hook_files.is_file_or_link(place):
            raise GitverError(
                f"{place} is not a file", "move it away, then run `gitver install` again"
            )
        make_folder(kept.parent, undo)
        move(place, kept, undo)
    write_executable(place, _hook_text(name, kept, interpreter), undo)
    return HookChange(name, place, "installed")


def _update_hook(
    name: str, place: Path, kept: Path, interpreter: str, undo: ExitStack
) -> HookChange:
    """Write our hook again unless it is up to date."""
    text = _hook_text(name, kept, interpreter)
    if hook_files.is_executable(place) and place.read_bytes() == text:
        return HookChange(name, place, "unchanged")
    write_executable(place, text, undo)
    return HookChange(name, place, "updated")


def _hook_text(name: str, kept: Path, interpreter: str) -> bytes:
    """The text of our hook, which first runs ``kept`` if somebody else's hook is kept there."""
    if not os.path.lexists(kept) or hook_files.is_ours(kept):
        return hook_files.hook_text(interpreter, "")
    return hook_files.hook_text(interpreter, f"../{kept.parent.name}/{name}")


def _remove_hook(folder: Path, name: str, path: Path, undo: ExitStack) -> HookChange:
    kept = kept_hooks.kept_folder(folder) / name
    if os.path.lexists(kept):
        replace(path, kept, undo)
        return HookChange(name, path, "restored")
    remove(path, undo)
    return HookChange(name, path, "removed")


def _check_interpreter(interpreter: str) -> None:
    """Raise GitverError unless the hooks would find gitver with ``interpreter``."""
    try:
        result = subprocess.run([interpreter, "-E", "-c", _IMPORT_CHECK], capture_output=True)
    except OSError as error:
        raise GitverError(
            f"the interpreter {interpreter!r} cannot be run: {error.strerror}",
            "run `gitver install` from the environment that has gitver-hooks",
        ) from None
    if result.returncode:
        raise GitverError(
            f"{interpreter} cannot import gitver_hooks without PYTHONPATH",
            "install it with `pip install gitver-hooks`, then run `gitver install` again",
        )
