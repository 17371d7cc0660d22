"""Remove the native hooks and restore the hooks that they replaced."""

from __future__ import annotations

import argparse

from gitver_hooks.common.printing import show
from gitver_hooks.installation import install, kept_hooks
from gitver_hooks.installation.hooks_folder import NATIVE, hooks_folder, hooks_in_place
from gitver_hooks.installation.purge import purge
from gitver_hooks.repository.repository import open_repository


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--purge",
        action="store_true",
        help="also remove gitver's state, undelivered registrations, git settings and ignore rules",
    )


def run(arguments: argparse.Namespace) -> int:
    with open_repository(arguments.folder, arguments.environment) as repository:
        location = repository.location
    folder = hooks_folder(location, arguments.environment)
    changes = install.uninstall(location, arguments.environment)
    if changes:
        show(f"hooks in {folder}")
    else:
        show(f"no hooks to remove: `gitver install` has installed none in {folder}")
    width = max((len(change.name) for change in changes), default=0)
    for change in changes:
        show(f"  {change.name:<{width}}  {change.outcome}")
    for name, means in hooks_in_place(location, arguments.environment).items():
        if means == NATIVE:
            show(f"{name} still runs gitver: a ready-made hook, which is left as it is")
        else:
            show(f"{name} still runs gitver: remove it from the configuration of its hook manager")
    for path in kept_hooks.remaining(folder):
        show(f"kept, because another hook has taken its place: {path}")
    if arguments.purge:
        for removed in purge(location, arguments.environment):
            show(f"removed {removed}")
    return 0
