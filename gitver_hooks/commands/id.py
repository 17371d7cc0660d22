"""Print the version id of the worktree as it is now."""

from __future__ import annotations

import argparse

from gitver_hooks.commands.app_option import add_app_option, app_folder
from gitver_hooks.common.printing import show
from gitver_hooks.version.identify import identify


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the option that chooses the app."""
    add_app_option(parser)


def run(arguments: argparse.Namespace) -> int:
    show(identify(app_folder(arguments)).id)
    return 0
