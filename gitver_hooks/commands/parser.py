"""Builds the parser of the command line from the docstring and arguments of each command."""

from __future__ import annotations

import argparse
import importlib
from collections.abc import Sequence
from typing import NoReturn

from gitver_hooks import __version__
from gitver_hooks.common.errors import GitverError


class _Parser(argparse.ArgumentParser):
    """A parser that reports wrong arguments as expected failures."""

    def error(self, message: str) -> NoReturn:
        raise GitverError(message, f"see `{self.prog} --help`")


def make_parser(verbs: Sequence[str], arguments: Sequence[str]) -> argparse.ArgumentParser:
    """The parser for ``arguments``, which knows the command that they name, or else all ``verbs``.

    Importing only the named command keeps it fast. The parsed options have ``run``, the command's
    function from the options to the exit status, and ``verbs``. Raises GitverError if there is no
    such command.
    """
    word = arguments[0] if arguments else ""
    if word and not word.startswith("-") and word not in verbs:
        _refuse(word, verbs)
    parser = _Parser(
        prog="gitver",
        description="Link every MLflow trace to the exact code that produced it.",
    )
    parser.add_argument("--version", action="version", version=f"gitver {__version__}")
    subparsers = parser.add_subparsers(metavar="COMMAND", required=True)
    for verb in [word] if word in verbs else verbs:
        module = importlib.import_module(f"gitver_hooks.commands.{verb}")
        documentation = module.__doc__ or ""
        verb_parser = subparsers.add_parser(
            verb,
            help=documentation.splitlines()[0],
            description=documentation,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        module.add_arguments(verb_parser)
        verb_parser.set_defaults(run=module.run, verbs=verbs)
    return parser


def _refuse(word: str, verbs: Sequence[str]) -> NoReturn:
    import difflib

    similar = difflib.get_close_matches(word, verbs, n=1, cutoff=0.5)
    remedy = f"did you mean `gitver {similar[0]}`?" if similar else "see `gitver --help`"
    raise GitverError(f"there is no command {word!r}", remedy)
