"""Write the history as one HTML page that needs no network: findings, charts and the table."""

from __future__ import annotations

import argparse
import webbrowser
from datetime import datetime, timezone
from pathlib import Path

from gitver_hooks.commands.log import add_selection, read_selected
from gitver_hooks.common.errors import GitverError
from gitver_hooks.common.printing import show

_LIMIT = 30


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_selection(parser, _LIMIT)
    parser.add_argument(
        "-o",
        dest="output",
        metavar="FILE",
        default="gitver-report.html",
        help="the file to write (default gitver-report.html)",
    )
    parser.add_argument("--open", action="store_true", help="open it in the browser")


def run(arguments: argparse.Namespace) -> int:
    history = read_selected(arguments)
    from gitver_hooks.history.report.page import report

    path = Path(arguments.folder, arguments.output)
    try:
        path.write_text(report(history, datetime.now(timezone.utc)), encoding="utf-8")
    except OSError as error:
        raise GitverError(
            f"{path} cannot be written: {error.strerror}", "name another file with -o"
        ) from error
    show(f"{path}{' (PARTIAL: ' + '; '.join(history.notes) + ')' if history.partial else ''}")
    if arguments.open:
        webbrowser.open(path.absolute().as_uri())
    return 0
