"""Follows the worktree while the process runs: a thread activates each new version.

Standard library only.
"""

from __future__ import annotations

import os
import threading

from gitver_hooks.common.errors import GitverError
from gitver_hooks.handover.environment import user_environment
from gitver_hooks.runtime.activation import ActiveModel, activate
from gitver_hooks.runtime.app_location import locate_app
from gitver_hooks.runtime.mlflow_context import set_in_all_threads
from gitver_hooks.runtime.reports import report

_watches: dict[str, threading.Event] = {}


def watch(seconds: float = 5, path: str | os.PathLike[str] | None = None) -> ActiveModel | None:
    """Activate the version of the worktree now, and again whenever it has changed.

    A daemon thread looks every ``seconds`` seconds. It changes the active model of all threads that
    have not chosen one themselves. If a loaded module has changed, no version is active until the
    module is reloaded or the process restarted, and one line says so. ``path`` is a folder of the
    app's worktree, as for ``activate``. A second call for the same ``path`` changes the interval.
    Returns what ``activate`` returns. Raises ValueError if ``seconds`` is not positive.
    """
    if not seconds > 0:
        raise ValueError(f"seconds is {seconds!r}; it must be positive")
    folder = _folder(path)
    active = activate(folder or path)
    if folder is None:
        return active
    stop = threading.Event()
    earlier = _watches.get(folder)
    if earlier is not None:
        earlier.set()
    _watches[folder] = stop
    threading.Thread(
        target=_follow, args=(folder, seconds, stop), name="gitver-watch", daemon=True
    ).start()
    return active


def _folder(path: str | os.PathLike[str] | None) -> str | None:
    """The folder that the thread activates; None if there is nothing to follow."""
    try:
        location, file = locate_app(path, user_environment(os.environ))
    except GitverError:
        return None
    if location is not None:
        return location.folder
    return os.path.dirname(file) if file else None


def _follow(folder: str, seconds: float, stop: threading.Event) -> None:
    while not stop.wait(seconds):
        try:
            active = activate(folder)
        except Exception as error:
            # The app goes on, whatever became of its worktree.
            report(folder, f"the worktree could not be checked: {error or type(error).__name__}")
            continue
        set_in_all_threads(active.model_id if active else None)
