"""Adds the option ``--app``, which chooses one of the apps in a repository."""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping

from gitver_hooks.common.errors import GitverError
from gitver_hooks.gitfiles.location import find_location


def add_app_option(parser: argparse.ArgumentParser) -> None:
    """Add the option to a command."""
    parser.add_argument(
        "--app",
        metavar="APP",
        help="the app, by name or folder (default: that of the current folder)",
    )


def app_folder(arguments: argparse.Namespace) -> str:
    """The folder of the app that ``--app`` names, or the current folder. Raises GitverError."""
    folder: str = arguments.folder
    if arguments.app is None:
        return folder
    # `gitver id` needs nothing else of the recording half.
    from gitver_hooks.recording.named_apps import named_apps
    from gitver_hooks.repository.repository import open_repository

    with open_repository(folder, arguments.environment) as repository:
        apps = named_apps(repository)
        worktree = repository.location.worktree
    wanted = os.path.realpath(os.path.join(folder, arguments.app))
    for app in apps:
        if app.location.app == arguments.app or os.path.realpath(app.location.folder) == wanted:
            return app.location.folder
    if _is_new_app(wanted, worktree, arguments.environment):
        return wanted
    matches = [app for app in apps if app.name == arguments.app]
    if len(matches) == 1:
        return matches[0].location.folder
    problem = "is the name of several apps" if matches else "is not an app in this repository"
    raise GitverError(
        f"{arguments.app} {problem}", f"name the folder of one: {', '.join(map(str, apps))}"
    )


def _is_new_app(folder: str, worktree: str, environment: Mapping[str, str]) -> bool:
    """Whether it is an app whose file git does not track yet, and that has never been run."""
    found = find_location(folder, environment) if os.path.isdir(folder) else None
    return (
        found is not None
        and bool(found.app)
        and found.folder == folder
        and os.path.realpath(found.worktree) == os.path.realpath(worktree)
    )
