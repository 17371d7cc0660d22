"""Finds the worktree of the app that runs in this process (standard library only)."""

from __future__ import annotations

import os
import sys

from gitver_hooks.common.package import PACKAGE_DIR
from gitver_hooks.gitfiles.location import ACTIVE_MODEL_FILE, Location, find_location

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping


def locate_app(
    path: str | os.PathLike[str] | None, environment: Mapping[str, str]
) -> tuple[Location | None, str | None]:
    """The app's worktree or, outside of any worktree, its active-model file; the other is None.

    Looks upwards from ``path`` if given. Otherwise from the folder of the file that imports the
    shim, then from that of the main script, then from the current folder. Files that are installed
    in the environment (pytest, uvicorn, a notebook's kernel, libraries) are not the app's. Raises
    GitverError for a repository that belongs to another user.
    """
    if path is not None:
        return _at(os.fspath(path), environment)
    main_script = getattr(sys.modules.get("__main__"), "__file__", None)
    for folder in (_folder_of(_calling_file()), _folder_of(main_script), _current_folder()):
        if folder is not None:
            app = _at(folder, environment)
            if app != (None, None):
                return app
    return None, None


def _at(path: str, environment: Mapping[str, str]) -> tuple[Location | None, str | None]:
    folder = os.path.abspath(path)
    location = find_location(folder, environment)
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


def _calling_file() -> str | None:
    """The file of the nearest frame that is neither ours nor the import system's."""
    package = PACKAGE_DIR + os.sep
    frame = sys._getframe(1)
    while frame.f_back is not None:
        frame = frame.f_back
        name = frame.f_code.co_filename
        if not name.startswith((package, "<frozen")) and "importlib" not in name:
            return name
    return None


def _folder_of(file: object) -> str | None:
    """The folder of ``file`` if it belongs to the app, else None."""
    # `<stdin>` is not a file, and has no absolute path if the current folder has been removed.
    if not isinstance(file, str) or not os.path.isfile(file):
        return None
    file = os.path.abspath(file)
    environment = os.path.abspath(sys.prefix) + os.sep
    if file.startswith(environment) or f"{os.sep}site-packages{os.sep}" in file:
        return None
    return os.path.dirname(os.path.realpath(file))


def _current_folder() -> str | None:
    try:
        return os.getcwd()
    except OSError:
        return None
