"""The option ``--app``: which of the apps in a repository a command is about."""

from __future__ import annotations

import argparse
import os
from typing import NamedTuple

from gitver_hooks.common.errors import GitverError
from gitver_hooks.gitfiles.location import Location
from gitver_hooks.recording.apps import all_apps
from gitver_hooks.repository.remote import remote_url
from gitver_hooks.repository.repository import Repository, open_repository
from gitver_hooks.settings import survey_settings
from gitver_hooks.version.model_name import app_name


class NamedApp(NamedTuple):
    """One app of a worktree, and its name."""

    location: Location
    name: str

    def __str__(self) -> str:
        return f"{self.name} ({self.location.app or '.'})"


def add_app_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--app",
        metavar="APP",
        help="the name or the folder of the app (default: that of the current folder)",
    )


def app_folder(arguments: argparse.Namespace) -> str:
    """The folder of the app that ``--app`` names, or the current folder. Raises GitverError."""
    folder: str = arguments.folder
    if arguments.app is None:
        return folder
    with open_repository(folder, arguments.environment) as repository:
        apps = named_apps(repository)
    wanted = os.path.realpath(os.path.join(folder, arguments.app))
    for app in apps:
        if app.location.app == arguments.app or os.path.realpath(app.location.folder) == wanted:
            return app.location.folder
    found = [app for app in apps if app.name == arguments.app]
    if len(found) == 1:
        return found[0].location.folder
    problem = "is the name of several apps" if found else "is no app of this repository"
    raise GitverError(
        f"{arguments.app} {problem}", f"name the folder of one: {', '.join(map(str, apps))}"
    )


def named_apps(repository: Repository) -> list[NamedApp]:
    """The apps of the worktree, with the names that their settings give them."""
    named = []
    for location in all_apps(repository):
        opened = repository.of_app(location)
        named.append(NamedApp(location, _name(opened)))
    return named


def _name(repository: Repository) -> str:
    settings = survey_settings(repository).settings
    return app_name(repository, settings, remote_url(repository, settings.remote))
