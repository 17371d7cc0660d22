"""Allow settings of the checked-out .gitver.yaml that need your consent.

Shows each value and what it does, and asks. Your answer is stored in the git configuration of this
clone, for all its worktrees, and applies to these values only.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from typing import NamedTuple

from gitver_hooks.commands.asking import can_ask, confirm
from gitver_hooks.common.errors import GitverError
from gitver_hooks.common.printing import show
from gitver_hooks.common.uri_parts import parse
from gitver_hooks.common.uris import without_credentials
from gitver_hooks.recording.apps import all_apps
from gitver_hooks.registry.tracking import resolve_tracking, sqlite_file
from gitver_hooks.repository.git_command import git_in
from gitver_hooks.repository.remote import main_worktree
from gitver_hooks.repository.repository import Repository, open_repository
from gitver_hooks.settings import SETTINGS_FILE, Settings, survey_settings
from gitver_hooks.settings.approval import ALLOWED, Request
from gitver_hooks.settings.keys import TREE, Source
from gitver_hooks.settings.load import Survey
from gitver_hooks.settings.sources import shown_value

_MEANINGS = {
    ("on_stale", "unset"): "apps run unversioned if their code is not registered",
    ("on_stale", "trust"): "apps do not check whether their code has changed",
    ("on_stale", "error"): "apps do not start if their code is not registered",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--yes", action="store_true", help="allow without asking, for scripts")


def run(arguments: argparse.Namespace) -> int:
    with open_repository(arguments.folder, arguments.environment) as repository:
        for _, survey in _surveys(repository):
            if survey.problems:
                raise survey.problems[0]
        asking = asking_apps(repository)
        if not asking:
            show(f"{SETTINGS_FILE} contains nothing that needs your consent")
            return 0
        show_requests(asking)
        if not arguments.yes:
            _ask()
        store_approvals(repository, asking)
    return 0


class Asking(NamedTuple):
    """An app whose settings file asks for something that is not allowed."""

    repository: Repository
    requests: tuple[Request, ...]


def asking_apps(repository: Repository) -> list[Asking]:
    """The apps of the worktree that ask for something; that of ``repository`` comes first."""
    return [
        Asking(opened, survey.refused) for opened, survey in _surveys(repository) if survey.refused
    ]


def _surveys(repository: Repository) -> list[tuple[Repository, Survey]]:
    """The settings of all apps of the worktree; those of ``repository`` come first."""
    own = repository.location
    other_apps = [app for app in all_apps(repository) if app.app != own.app]
    opened = [repository, *map(repository.of_app, other_apps)]
    return [(app_repository, survey_settings(app_repository)) for app_repository in opened]


def allow_values(repository: Repository) -> None:
    """Show what the tree asks for and ask on a terminal; what the user accepts is allowed.

    Does nothing if the tree asks for nothing, or if nobody can be asked.
    """
    if not can_ask():
        return
    asking = asking_apps(repository)
    if not asking:
        return
    show_requests(asking)
    try:
        _ask()
    except GitverError as error:
        show(str(error))
    else:
        store_approvals(repository, asking)


def show_requests(asking: Sequence[Asking]) -> None:
    """Print each value, without credentials, and what it leads to."""
    for repository, requests in asking:
        show(f"{SETTINGS_FILE} in {repository.location.folder} asks for:")
        for request in requests:
            show(f"  {request.key.name}: {shown_value(request.key, request.value)}")
            show(f"    {_consequence(request, main_worktree(repository))}")


def store_approvals(repository: Repository, asking: Sequence[Asking]) -> None:
    """Allow in this clone what is asked for. Raises GitverError if git cannot store it."""
    # The git command keeps the layout and the comments of the file, and locks it.
    git = git_in(repository)
    file = os.path.join(repository.location.common_dir, "config")
    for text in dict.fromkeys(request.text for app in asking for request in app.requests):
        try:
            completed = git.attempt("config", "--local", "--add", ALLOWED, text)
        except GitverError as error:
            raise GitverError(error.message, f"add `{ALLOWED}` to {file} by hand") from error
        if completed.returncode:
            reason = completed.stderr.decode("utf-8", "replace").strip()
            raise GitverError(
                f"git cannot write its configuration: {reason}", f"make {file} writable"
            )
    show(f"allowed in this clone; `git config --unset-all {ALLOWED}` undoes this")


def _ask() -> None:
    """Raise GitverError unless the user says yes."""
    if not can_ask():
        raise GitverError(
            "standard input is not a terminal, so gitver cannot ask",
            "run `gitver allow --yes` if these values are what you want",
        )
    if not confirm("Allow this?"):
        raise GitverError("nothing was allowed", "set your own values with `git config gitver.…`")


def _consequence(request: Request, main_folder: str) -> str:
    """The consequence of the value, if it takes effect."""
    name, value = request.key.name, request.value
    if name == "tracking_uri":
        return f"versions, code changes and traces go to {_destination(value, main_folder)}"
    if name == "experiment":
        return "versions and traces go to this experiment, which is created if it is missing"
    if name == "wait":
        return "apps wait this many seconds for MLflow before they run unversioned"
    if name == "recheck":
        return "MLflow is asked this often (in seconds) whether a model still exists; 0 is never"
    return _MEANINGS.get((name, str(value)), "it takes effect in this clone")


def _destination(uri: str, main_folder: str) -> str:
    source = Source(TREE, SETTINGS_FILE)
    settings = Settings(tracking_uri=uri, sources={"tracking_uri": source})
    resolved = resolve_tracking(settings, main_folder).uri
    file = sqlite_file(resolved)
    if file is not None:
        return f"the file {file} on this machine"
    parts = parse(resolved)
    if parts.host:
        return f"{parts.host}, with MLflow's credentials if you have set any"
    return without_credentials(resolved)
