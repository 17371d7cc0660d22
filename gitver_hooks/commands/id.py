"""Print the version id of the worktree as it is now."""

from __future__ import annotations

import argparse

from gitver_hooks.common.printing import show
from gitver_hooks.version.identify import identify


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """None."""


def run(arguments: argparse.Namespace) -> int:
    show(identify(arguments.folder).id)
    return 0
