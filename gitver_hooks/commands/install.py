"""Install the native hooks in this repository and register the current version.

Existing hooks are kept and run first. Waits for MLflow as long as the setting `wait` says.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping
from pathlib import Path

from gitver_hooks.commands.allow import (
    allow_values,
    asking_apps,
    show_requests,
    store_approvals,
)
from gitver_hooks.common.printing import say, say_on_terminal, show
from gitver_hooks.gitfiles.location import Location
from gitver_hooks.handover.environment import is_disabled
from gitver_hooks.installation import install
from gitver_hooks.installation.hooks_folder import hooks_folder
from gitver_hooks.recording.apps import all_apps
from gitver_hooks.recording.exclude import exclude_local_files
from gitver_hooks.recording.register import register
from gitver_hooks.registry.own_process import prepare_own_process
from gitver_hooks.registry.store import open_store
from gitver_hooks.registry.tracked_store import worktree_tracking
from gitver_hooks.registry.tracking import sqlite_file
from gitver_hooks.repository.repository import open_repository
from gitver_hooks.settings import load_settings


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--allow",
        action="store_true",
        help="allow settings of .gitver.yaml that need your consent, without asking",
    )


def run(arguments: argparse.Namespace) -> int:
    with open_repository(arguments.folder, arguments.environment) as repository:
        location = repository.location
        apps = all_apps(repository) if repository.head_commit() else [location]
        asking = asking_apps(repository) if arguments.allow else []
        if asking:
            show_requests(asking)
            store_approvals(repository, asking)
        else:
            allow_values(repository)
    folder = hooks_folder(location, arguments.environment)
    changes = install.install(location, arguments.environment)
    # Before the first hook runs: an existing store must not get into a commit.
    exclude_local_files(location)
    show(f"hooks in {folder}")
    width = max(len(change.name) for change in changes)
    for change in changes:
        beside = "" if change.path.name == change.name else f", as {change.path.name}"
        kept = install.kept_hook(change)
        order = f", after {kept}" if kept else ""
        show(f"  {change.name:<{width}}  {change.outcome}{beside}{order}")
    for line in _warnings(location, folder):
        show(line)
    if not is_disabled(arguments.environment):
        for app in apps:
            _register(app, arguments.environment)
    return 0


def _warnings(location: Location, folder: Path) -> list[str]:
    """Warnings about a hooks folder that is outside the git dir."""
    folder = folder.resolve()
    if folder.is_relative_to(Path(location.common_dir).resolve()):
        return []
    if folder.is_relative_to(Path(location.worktree).resolve()):
        return [
            "core.hooksPath is inside the worktree: unless git ignores the hooks, they are",
            "part of your code and of its version",
        ]
    return [
        "core.hooksPath is outside this repository: every repository that uses that folder now",
        "runs these hooks, and `gitver uninstall` in any of them removes them from all",
    ]


def _register(location: Location, environment: Mapping[str, str]) -> None:
    """Register the current version, or prepare the embedded store if there is no commit yet."""
    with open_repository(location, environment) as repository:
        settings = load_settings(repository)
        tracking = worktree_tracking(repository, settings)
        has_commit = repository.head_commit() is not None
    store_file = sqlite_file(tracking.uri)
    creates_store = store_file is not None and not os.path.exists(store_file)
    if creates_store:
        show(f"creating MLflow's store {store_file}, which takes about two seconds")
    if not has_commit:
        if creates_store:
            exclude_local_files(location, store_file)
            prepare_own_process(settings.wait)
            open_store(tracking.uri)
        show("nothing is committed yet: the first commit will be registered in MLflow")
        return
    registered = register(location, environment, say_on_terminal)
    name = registered.recorded.model_name
    if registered.model_id is None:
        say(f"{name} is not in MLflow yet: {registered.problem}", environment)
    else:
        show(f"registered {name} as {registered.model_id}")
