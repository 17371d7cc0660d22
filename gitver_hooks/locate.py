"""Where the app that runs here has its code (standard library only)."""

from __future__ import annotations

import os
import sys

from gitver_hooks.location import ACTIVE_MODEL_FILE, Location, find


def app(path: str | os.PathLike[str] | None) -> tuple[Location | None, str | None]:
    """The worktree of the app and, where there is no worktree, its active-model file.

    Looks upwards from ``path`` if given. Else from the folder of the main script, unless that is a
    command of the environment (pytest, uvicorn, a notebook's kernel), and then from the current
    folder: where both lie in worktrees, the code that runs is the script's.
    """
    if path is not None:
        return _at(os.fspath(path))
    for folder in (_folder_of_main_script(), _current_folder()):
        if folder is not None:
            found = _at(folder)
            if found != (None, None):
                return found
    return None, None


def _at(path: str) -> tuple[Location | None, str | None]:
    folder = os.path.abspath(path)
    if not os.path.isdir(folder):
        folder = os.path.dirname(folder)
    location = find(folder)
    if location is not None:
        return location, None
    while True:
        file = os.path.join(folder, ACTIVE_MODEL_FILE)
        if os.path.exists(file):
            return None, file
        parent = os.path.dirname(folder)
        if parent == folder:
            return None, None
        folder = parent


def _folder_of_main_script() -> str | None:
    script = getattr(sys.modules.get("__main__"), "__file__", None)
    if not isinstance(script, str):
        return None
    script = os.path.abspath(script)
    environment = os.path.abspath(sys.prefix) + os.sep
    if script.startswith(environment) or f"{os.sep}site-packages{os.sep}" in script:
        return None
    return os.path.dirname(os.path.realpath(script))


def _current_folder() -> str | None:
    try:
        return os.getcwd()
    except OSError:
        return None
