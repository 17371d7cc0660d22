"""Print the model id of the worktree as it is now, registering the version if needed."""

from __future__ import annotations

import argparse

from gitver_hooks.commands.app_option import add_app_option, app_folder
from gitver_hooks.common.errors import GitverError
from gitver_hooks.common.printing import say, say_on_terminal, show
from gitver_hooks.recording.record import record_if_known
from gitver_hooks.recording.register import register
from gitver_hooks.repository.repository import open_repository


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument(
        "--no-register",
        action="store_true",
        help="do not register: fail if the version is not registered yet",
    )
    add_app_option(parser)


def run(arguments: argparse.Namespace) -> int:
    """Print the model id. Raises GitverError if there is none."""
    environment = arguments.environment
    with open_repository(app_folder(arguments), environment) as repository:
        location = repository.location
    if arguments.no_register:
        recorded = record_if_known(location, environment)
        if recorded.model_id is None:
            raise GitverError(f"{recorded.model_name} is not registered", "run `gitver model`")
        show(recorded.model_id)
        return 0
    registered = register(location, environment, say_on_terminal)
    if registered.recorded.hint:
        say(registered.recorded.hint, environment)
    if registered.model_id is None:
        name = registered.recorded.model_name
        raise GitverError(f"{name} has no model yet: {registered.problem}")
    show(registered.model_id)
    return 0
