"""Print the model id of the worktree as it is now, registering it if needed."""

from __future__ import annotations

import argparse

from gitver_hooks.common.errors import GitverError
from gitver_hooks.common.printing import show
from gitver_hooks.recording.record import record
from gitver_hooks.repository.repository import open_repository


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--no-register",
        action="store_true",
        help="only look: fail where the version is not registered yet",
    )


def run(arguments: argparse.Namespace) -> int:
    with open_repository(arguments.folder, arguments.environment) as repository:
        location = repository.location
    recorded = record(location, arguments.environment, register=not arguments.no_register)
    if recorded.model_id is None:
        if arguments.no_register:
            raise GitverError(f"{recorded.model_name} is not registered", "run `gitver model`")
        raise GitverError(f"{recorded.model_name} has no model yet: {recorded.problem}")
    show(recorded.model_id)
    return 0
