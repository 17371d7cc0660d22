"""The parser of the command line, put together from what each verb says of itself."""

from __future__ import annotations

import argparse
import importlib
from collections.abc import Sequence
from typing import NoReturn

from gitver_hooks import __version__
from gitver_hooks.common.errors import GitverError


class _Parser(argparse.ArgumentParser):
    """One whose complaints are expected failures like any other."""

    def error(self, message: str) -> NoReturn:
        raise GitverError(message, f"see `{self.prog} --help`")


def make_parser(verbs: Sequence[str], arguments: Sequence[str]) -> argparse.ArgumentParser:
    """The parser of all ``verbs``, or of the one that is asked for: each imports what it needs.

    What it parses has ``run``, the verb's function from the options to the exit status.
    """
    parser = _Parser(
        prog="gitver",
        description="Link every MLflow trace to the exact code that produced it.",
    )
    parser.add_argument("--version", action="version", version=f"gitver {__version__}")
    subparsers = parser.add_subparsers(metavar="COMMAND", required=True)
    for verb in arguments[:1] if arguments and arguments[0] in verbs else verbs:
        module = importlib.import_module(f"gitver_hooks.commands.{verb}")
        documentation = module.__doc__ or ""
        verb_parser = subparsers.add_parser(
            verb,
            help=documentation.splitlines()[0],
            description=documentation,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        module.add_arguments(verb_parser)
        verb_parser.set_defaults(run=module.run)
    return parser
