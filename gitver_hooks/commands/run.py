"""Run any program, in any language, with the active model in its environment.

For example: gitver run -- node server.js
"""

from __future__ import annotations

import argparse
import os

from gitver_hooks.commands.app_option import add_app_option, app_folder
from gitver_hooks.common.errors import GitverError
from gitver_hooks.runtime.activation import activate


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--require", action="store_true", help="fail instead of running the program unversioned"
    )
    add_app_option(parser)
    parser.add_argument(
        "command", metavar="CMD", nargs=argparse.REMAINDER, help="the program and its arguments"
    )


def run(arguments: argparse.Namespace) -> int:
    command = arguments.command
    if command[:1] == ["--"]:
        command = command[1:]
    if not command:
        raise GitverError("no program was given", "write `gitver run -- CMD ARG...`")
    if activate(app_folder(arguments)) is None and arguments.require:
        raise GitverError(
            f"{command[0]} was not started, because this code has no active model",
            "run `gitver status` to see why, or leave out --require",
        )
    try:
        os.execvp(command[0], command)
    except OSError as error:
        raise GitverError(
            f"{command[0]} cannot be run: {error.strerror}", "check its name"
        ) from error
