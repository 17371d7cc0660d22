"""Finds the loaded modules of the worktree whose files have changed since.

Standard library only. A module has changed since it was loaded unless

- its file was last changed before the process began to load it: before its look-up or, if that was
  not noted, before the start of the process; or
- its file has the content again that it had when the above was last true, so that ``git checkout``
  may rewrite it; or
- it is being executed, and is what compiling its file gives.
"""

from __future__ import annotations

import os
import sys

from gitver_hooks.runtime.bytecode import remove_outdated_bytecode
from gitver_hooks.runtime.executed_scripts import executed_scripts, verify_script
from gitver_hooks.runtime.file_contents import TICK, content_of, last_change
from gitver_hooks.runtime.loaded_modules import loaded_after, was_reloaded
from gitver_hooks.runtime.process_start import BEFORE_THIS_PROCESS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType
    from typing import Any


_INSTALLED = tuple(os.path.abspath(prefix) + os.sep for prefix in {sys.prefix, sys.base_prefix})


class _Loaded:
    """The hash of the ``content`` that a module was loaded from, or None if it is unknown.

    The file has not been changed since ``verified``, or has that content again. No NamedTuple:
    importing ``typing`` takes more time than all of this.
    """

    __slots__ = ("content", "loaded", "verified")

    def __init__(self, loaded: int, content: int | None, verified: int) -> None:
        self.loaded = loaded
        self.content = content
        self.verified = verified


# By the module's name.
_loaded: dict[str, _Loaded] = {}
# The modules that were loaded again with another content, and when.
_replaced: dict[str, int] = {}


def changed_modules(worktree: str, began: int) -> dict[str, int]:
    """The loaded modules that have changed since: file, and when it was loaded.

    Files are relative to ``worktree``, times are in nanoseconds since the epoch. A change after
    ``began`` counts, even if the module has been loaded since.
    """
    roots = {worktree + os.sep, os.path.realpath(worktree) + os.sep}
    changed: dict[str, int] = {}
    for namespace in executed_scripts():
        for path, file in _in_worktree(namespace, roots):
            if not verify_script(namespace, path, began):
                changed[file] = began
    for name, module, path, file in _modules_in(roots):
        loaded = loaded_after(name)
        if loaded is None:
            is_current = verify_script(module.__dict__, path, began)
        else:
            is_current = _verify_module(name, module, path, loaded, began)
        if not is_current:
            changed[file] = max(changed.get(file, 0), loaded or BEFORE_THIS_PROCESS)
    return changed


def outdated_copies(worktree: str) -> list[str]:
    """Names that a module has imported from another module that was replaced afterwards.

    Each is written as ``module.name in file``.
    """
    if not _replaced:
        return []
    from gitver_hooks.runtime.copied_names import outdated_copy

    roots = {worktree + os.sep, os.path.realpath(worktree) + os.sep}
    namespaces = [(namespace, BEFORE_THIS_PROCESS) for namespace in executed_scripts()]
    namespaces += [
        (module.__dict__, loaded_after(name) or BEFORE_THIS_PROCESS)
        for name, module, _, _ in _modules_in(roots)
    ]
    copies = []
    for namespace, loaded in namespaces:
        replaced = {name: time for name, time in _replaced.items() if time > loaded}
        for path, file in _in_worktree(namespace, roots):
            copy = outdated_copy(namespace, path, replaced)
            if copy:
                copies.append(f"{copy} in {file}")
    return sorted(copies)


def _verify_module(name: str, module: ModuleType, path: str, loaded: int, began: int) -> bool:
    """Whether ``module`` was loaded from what its file has contained since ``began``.

    Notes what it finds out for the next call.
    """
    loaded_code = _loaded.get(name)
    if loaded_code is None or loaded_code.loaded != loaded:
        return _note_if_unchanged(name, module, path, loaded, began)
    if last_change(path) <= loaded_code.verified:
        return True
    content = content_of(path)
    if content is None or hash(content) != loaded_code.content or last_change(path) > began - TICK:
        return False
    loaded_code.verified = began - TICK
    return True


def _note_if_unchanged(name: str, module: ModuleType, path: str, loaded: int, began: int) -> bool:
    """Whether the file was last changed before it was loaded; if so, its content is noted."""
    verified = min(loaded, began) - TICK
    content = content_of(path)
    if last_change(path) > verified:
        return False
    if content is not None and remove_outdated_bytecode(module.__dict__, path, content):
        # Whatever it was loaded from, it was never the present content.
        _loaded[name] = _Loaded(loaded, None, 0)
        return False
    current = None if content is None else hash(content)
    earlier = _loaded.get(name)
    if earlier.content != current if earlier else was_reloaded(name):
        _replaced[name] = loaded
    _loaded[name] = _Loaded(loaded, current, verified)
    return True


def _modules_in(roots: set[str]) -> Iterator[tuple[str, ModuleType, str, str]]:
    """Each imported module below ``roots``: its name, itself, its file, and that relative to them.

    What is executed as ``__main__`` is not imported.
    """
    for name, module in list(sys.modules.items()):
        if name != "__main__":
            # Not getattr: modules that are loaded lazily would be loaded.
            for path, file in _in_worktree(getattr(module, "__dict__", {}), roots):
                yield name, module, path, file


def _in_worktree(namespace: dict[str, Any], roots: set[str]) -> Iterator[tuple[str, str]]:
    """The file of a namespace, and the same relative to the worktree, unless it is elsewhere."""
    path = namespace.get("__file__")
    if not isinstance(path, str) or path.startswith(_INSTALLED):
        return
    for root in roots:
        if path.startswith(root) and f"{os.sep}site-packages{os.sep}" not in path:
            yield path, path[len(root) :]
            return
