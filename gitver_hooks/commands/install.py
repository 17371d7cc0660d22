"""Put the native hooks into this repository, beside those of others."""

import argparse
from pathlib import Path

from gitver_hooks.gitfiles.location import Location
from gitver_hooks.installation import install
from gitver_hooks.installation.hooks_folder import hooks_folder
from gitver_hooks.recording.exclude import exclude_local_files
from gitver_hooks.repository.repository import open_repository


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """None: the hooks call the interpreter that runs this command."""


def run(arguments: argparse.Namespace) -> int:
    with open_repository(arguments.folder, arguments.environment) as repository:
        location = repository.location
    folder = hooks_folder(location)
    changes = install.install(location)
    # Before the first hook runs: a store that is there already must not get into a commit.
    exclude_local_files(location)
    print(f"hooks in {folder}")
    width = max(len(change.name) for change in changes)
    for change in changes:
        beside = "" if change.path.name == change.name else f", as {change.path.name}"
        first = install.kept_hook(change)
        after = f", after {first}" if first else ""
        print(f"  {change.name:<{width}}  {change.outcome}{beside}{after}")
    for line in _where(location, folder):
        print(line)
    return 0


def _where(location: Location, folder: Path) -> list[str]:
    """What the user should know of a hooks folder that is not the repository's own."""
    folder = folder.resolve()
    if folder.is_relative_to(Path(location.common_dir).resolve()):
        return []
    if folder.is_relative_to(Path(location.worktree).resolve()):
        return [
            "core.hooksPath is a folder of the worktree: as long as git does not ignore the hooks,",
            "they are part of your code and of its version",
        ]
    return [
        "core.hooksPath is outside of this repository: every repository that uses that folder",
        "now runs these hooks, and `gitver uninstall` in any one of them takes them out of all",
    ]
