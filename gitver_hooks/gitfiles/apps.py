"""Finds the apps of a worktree (standard library only).

A tracked ``.gitver.yaml`` makes its folder an app. The root is one if it has that file, or if no
other folder is an app.
"""

from __future__ import annotations

import os

from gitver_hooks.gitfiles.location import SETTINGS_FILE, Location, recorded_apps

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gitver_hooks.gitfiles.index import Index

_SETTINGS = os.fsencode(SETTINGS_FILE)
# Version 4 of the index stores only what differs from the previous path, at least these letters.
_END_OF_NAME = b"yaml\0"


def has_only_root(location: Location) -> bool:
    """Whether the worktree certainly has no app but the one in its root. Costs a millisecond."""
    if os.path.isdir(os.path.join(location.worktree_state_dir, "apps")):
        return False
    try:
        with open(os.path.join(location.git_dir, "index"), "rb") as file:
            content = file.read()
    except OSError:
        return True
    if content[4:8] in (b"\0\0\0\2", b"\0\0\0\3") and b"link" not in content:
        return b"/" + _SETTINGS + b"\0" not in content
    return _END_OF_NAME not in content and b"link" not in content


def apps_of(location: Location, index: Index) -> list[Location]:
    """The apps of the worktree that exist on disk: tracked ones, and others that have been run.

    ``index`` is the worktree's. The app in the root comes first.
    """
    tracked = {
        os.fsdecode(path.rpartition(b"/")[0])
        for path in index.entries
        if path.endswith(_SETTINGS) and path.rpartition(b"/")[2] == _SETTINGS
    }
    folders = tracked | {app.app for app in recorded_apps(location) if app.app}
    apps = [location.of_app(folder) for folder in sorted(folders)]
    present = [
        app for app in apps if app.is_reached_without_links and os.path.lexists(app.settings_file)
    ]
    return present or [location.of_app("")]


def former_apps(location: Location, apps: list[Location]) -> list[Location]:
    """The apps that have a state in the worktree but are not among its ``apps`` any more."""
    present = {app.app for app in apps}
    return [app for app in recorded_apps(location) if app.app not in present]
