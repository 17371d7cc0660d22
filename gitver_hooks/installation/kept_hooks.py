"""Keeps the hooks that ours replaced, in a folder that looks to them like their own."""

from __future__ import annotations

import os
from contextlib import ExitStack
from pathlib import Path

from gitver_hooks.installation import hook_files
from gitver_hooks.installation.hook_files import NAMES


def kept_folder(hooks: Path) -> Path:
    """The folder that keeps the hooks which ours replaced in the folder ``hooks``."""
    # Our hook refers to it as `<its own folder>/../<name>`, and `..` of a link to a folder is the
    # parent of the link's target.
    hooks = hooks.resolve()
    return hooks.with_name(f"{hooks.name}.before-gitver")


def link_neighbours(hooks: Path, undo: ExitStack) -> None:
    """Link everything else in ``hooks`` into the kept folder, for hooks that call helpers."""
    kept = kept_folder(hooks)
    if not kept.is_dir():
        return
    for neighbour in hooks.iterdir():
        link = kept / neighbour.name
        if neighbour.name in NAMES or neighbour.suffix == ".sample" or os.path.lexists(link):
            continue
        if not hook_files.is_ours(neighbour):
            link.symlink_to(_link_text(hooks, neighbour.name))
            undo.callback(link.unlink)


def remove_if_unused(hooks: Path) -> None:
    """Remove the kept folder unless a hook is still in it."""
    kept = kept_folder(hooks)
    if not kept.is_dir():
        return
    for name in NAMES:
        # Its owner has restored the hook, as husky does on every `npm install`.
        if (
            os.path.lexists(kept / name)
            and os.path.lexists(hooks / name)
            and hook_files.are_identical(kept / name, hooks / name)
        ):
            (kept / name).unlink()
    if remaining(hooks):
        return
    for link in list(kept.iterdir()):
        if link.is_symlink() and os.readlink(link) == _link_text(hooks, link.name):
            link.unlink()
    if not any(kept.iterdir()):
        kept.rmdir()


def remaining(hooks: Path) -> list[Path]:
    """The hooks in the kept folder; after ``uninstall``, those whose place is taken."""
    kept = kept_folder(hooks)
    return [kept / name for name in NAMES if os.path.lexists(kept / name)]


def _link_text(hooks: Path, name: str) -> str:
    return f"../{hooks.resolve().name}/{name}"
