"""Take the native hooks out, and put back what was there before."""

import argparse

from gitver_hooks.installation import install, kept_hooks
from gitver_hooks.repository.repository import open_repository


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """None."""


def run(arguments: argparse.Namespace) -> int:
    with open_repository() as repository:
        location = repository.location
    folder = install.hooks_folder(location)
    changes = install.uninstall(location)
    if changes:
        print(f"hooks in {folder}")
    else:
        print(f"nothing to take out: `gitver install` has put no hooks into {folder}")
    width = max((len(change.name) for change in changes), default=0)
    for change in changes:
        print(f"  {change.name:<{width}}  {change.done}")
    for name in install.installed(location):
        print(f"{name} still runs gitver: a ready-made hook, left as it is")
    for path in kept_hooks.left_over(folder):
        print(f"kept, as another hook has its place now: {path}")
    return 0
