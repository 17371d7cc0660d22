"""Remove the native hooks and restore the hooks that they replaced."""

import argparse

from gitver_hooks.installation import install, kept_hooks
from gitver_hooks.installation.hooks_folder import NATIVE, hooks_folder, hooks_in_place
from gitver_hooks.repository.repository import open_repository


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """None."""


def run(arguments: argparse.Namespace) -> int:
    with open_repository(arguments.folder, arguments.environment) as repository:
        location = repository.location
    folder = hooks_folder(location)
    changes = install.uninstall(location)
    if changes:
        print(f"hooks in {folder}")
    else:
        print(f"nothing to remove: `gitver install` has installed no hooks in {folder}")
    width = max((len(change.name) for change in changes), default=0)
    for change in changes:
        print(f"  {change.name:<{width}}  {change.outcome}")
    for name, means in hooks_in_place(location).items():
        if means == NATIVE:
            print(f"{name} still runs gitver: a ready-made hook, which is left as it is")
    for path in kept_hooks.remaining(folder):
        print(f"kept, because another hook has taken its place: {path}")
    return 0
