"""Names the apps of a worktree, and finds apps that have the same name."""

from __future__ import annotations

from typing import NamedTuple

from gitver_hooks.common.errors import GitverError
from gitver_hooks.gitfiles.location import SETTINGS_FILE, Location
from gitver_hooks.recording.apps import all_apps
from gitver_hooks.repository.remote import remote_url
from gitver_hooks.repository.repository import Repository
from gitver_hooks.settings import survey_settings
from gitver_hooks.settings.keys import Source
from gitver_hooks.version.model_name import app_name, model_name_prefix


class NamedApp(NamedTuple):
    """One app of a worktree, its name, and where the setting ``app`` comes from."""

    location: Location
    name: str
    source: Source

    def __str__(self) -> str:
        return f"{self.name} ({self.location.app or '.'})"


def named_apps(repository: Repository) -> list[NamedApp]:
    """The apps of the worktree, with the names that their settings give them."""
    return [_named(repository.of_app(location)) for location in all_apps(repository)]


def _named(repository: Repository) -> NamedApp:
    settings = survey_settings(repository).settings
    name = app_name(repository, settings, remote_url(repository, settings.remote))
    return NamedApp(repository.location, name, settings.source("app"))


def name_problems(apps: list[NamedApp]) -> list[GitverError]:
    """A problem for each name that several apps have: their LoggedModels cannot be told apart."""
    by_name: dict[str, list[NamedApp]] = {}
    for app in apps:
        by_name.setdefault(model_name_prefix(app.name), []).append(app)
    return [
        _problem(prefix, namesakes) for prefix, namesakes in by_name.items() if len(namesakes) > 1
    ]


def _problem(prefix: str, namesakes: list[NamedApp]) -> GitverError:
    folders = " and ".join(app.location.app or "." for app in namesakes)
    imposed = [app.source for app in namesakes if app.source.name != app.location.settings_file]
    imposed = [source for source in imposed if source.name]
    if imposed:
        remedy = f"remove {imposed[0]}, which gives all apps the same name"
    else:
        remedy = f"give one of them another name: `app: NAME` in its {SETTINGS_FILE}"
    return GitverError(
        f"the apps in {folders} have the same name, so all their LoggedModels are named {prefix}…",
        remedy,
    )
