"""The hooks that were there before ours: kept in a folder that looks to them like their own."""

from __future__ import annotations

import os
from contextlib import ExitStack
from pathlib import Path

from gitver_hooks.installation import hook_files
from gitver_hooks.installation.hook_files import NAMES


def folder_beside(folder: Path) -> Path:
    """Where the hooks that were in the hooks folder ``folder`` before ours are kept."""
    # Resolved, because our hook goes there by `<its folder>/../<name>`, and `..` of a link to a
    # folder is the parent of what it points to.
    folder = folder.resolve()
    return folder.with_name(f"{folder.name}.before-gitver")


def link_neighbours(folder: Path, undo: ExitStack) -> None:
    """Let kept hooks find beside them what they found before: helpers, and what they link to."""
    kept = folder_beside(folder)
    if not kept.is_dir():
        return
    for neighbour in folder.iterdir():
        link = kept / neighbour.name
        if neighbour.name in NAMES or neighbour.suffix == ".sample" or os.path.lexists(link):
            continue
        if not hook_files.is_ours(neighbour):
            link.symlink_to(_link_text(folder, neighbour.name))
            undo.callback(link.unlink)


def tidy(folder: Path) -> None:
    """Remove what is left of the kept folder, unless a hook is still in it."""
    kept = folder_beside(folder)
    if not kept.is_dir():
        return
    for name in NAMES:
        # Its owner has put it back without asking us, as husky does on every `npm install`.
        if (
            os.path.lexists(kept / name)
            and os.path.lexists(folder / name)
            and hook_files.same(kept / name, folder / name)
        ):
            (kept / name).unlink()
    if any(os.path.lexists(kept / name) for name in NAMES):
        return
    for link in list(kept.iterdir()):
        if link.is_symlink() and os.readlink(link) == _link_text(folder, link.name):
            link.unlink()
    if not any(kept.iterdir()):
        kept.rmdir()


def _link_text(folder: Path, name: str) -> str:
    return f"../{folder.resolve().name}/{name}"


def left_over(hooks: Path) -> list[Path]:
    """Hooks still kept after ``uninstall``, because somebody else has taken their place."""
    kept = folder_beside(hooks)
    return [kept / name for name in NAMES if os.path.lexists(kept / name)]
