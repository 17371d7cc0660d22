"""Show the git history with the app's quality next to it, and what changed where.

Without a RANGE, shows the first-parent history of HEAD, newest first. Versions with uncommitted
changes are listed under their commit.
"""

from __future__ import annotations

import argparse
import re
import shutil
import sys
from datetime import datetime, timedelta, timezone

from gitver_hooks.commands.app_option import add_app_option, app_folder
from gitver_hooks.common.errors import GitverError
from gitver_hooks.common.printing import show, show_json
from gitver_hooks.history.assemble import (
    DEFAULT_DEADLINE,
    DEFAULT_LIMIT,
    Selection,
    read_history,
)
from gitver_hooks.history.records import History
from gitver_hooks.history.source import open_source
from gitver_hooks.registry.own_process import prepare_own_process

_AGO = re.compile(r"(\d+)[ .]*(h|hours?|d|days?|w|weeks?|months?|y|years?)(?:[ .]ago)?")
_HOURS = {"h": 1, "d": 24, "w": 168, "m": 730.5, "y": 8766}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_selection(parser, DEFAULT_LIMIT)
    parser.add_argument(
        "--format",
        choices=("table", "json", "csv", "markdown"),
        default="table",
        help="table (default), or json, csv or markdown for programs and pull requests",
    )


def add_selection(parser: argparse.ArgumentParser, limit: int) -> None:
    """The arguments that ``log`` and ``report`` share."""
    parser.add_argument(
        "range", nargs="?", metavar="RANGE", help="a commit or A..B, as for git log"
    )
    parser.add_argument(
        "-n",
        dest="limit",
        type=_positive,
        default=limit,
        help=f"how many commits (default {limit})",
    )
    parser.add_argument("--all", action="store_true", help="the histories of all branches")
    parser.add_argument(
        "--metric", action="append", default=[], help="only this metric; may be repeated"
    )
    parser.add_argument(
        "--since", type=moment, help="only commits since that time: 2026-01-31, or `2 weeks ago`"
    )
    add_deadline(parser)
    add_app_option(parser)


def add_deadline(parser: argparse.ArgumentParser) -> None:
    """The argument that every command that reads MLflow has."""
    parser.add_argument(
        "--deadline",
        type=_seconds,
        default=DEFAULT_DEADLINE,
        metavar="SECONDS",
        help=f"how long MLflow may take (default {DEFAULT_DEADLINE:g})",
    )


def run(arguments: argparse.Namespace) -> int:
    history = read_selected(arguments)
    now = datetime.now(timezone.utc)
    # Imported here because each call needs only one of the formats.
    from gitver_hooks.history import formats

    if arguments.format == "json":
        show_json(history.to_dict())
    elif arguments.format == "csv":
        for line in formats.as_csv(history).splitlines():
            show(line)
    elif arguments.format == "markdown":
        for line in formats.as_markdown(history, now):
            show(line)
    else:
        for line in formats.as_table(history, now, _terminal_width()):
            show(line)
    return 0


def read_selected(arguments: argparse.Namespace) -> History:
    """The history that the arguments of ``add_selection`` select."""
    if arguments.all and arguments.range:
        raise GitverError("--all cannot be combined with a RANGE", "leave one out")
    prepare_own_process(arguments.deadline)
    selection = Selection(
        limit=arguments.limit,
        revisions=arguments.range,
        all_branches=arguments.all,
        since=arguments.since,
        metrics=tuple(arguments.metric),
    )
    with open_source(app_folder(arguments), arguments.environment, arguments.deadline) as source:
        return read_history(source, selection)


def _terminal_width() -> int | None:
    """The width of the terminal; None if the output goes elsewhere."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise ValueError(text)
    return value


def _seconds(text: str) -> float:
    value = float(text)
    if not 0 < value <= 86_400:
        raise ValueError(text)
    return value


def moment(text: str) -> datetime:
    """The moment that ``text`` names: a date in ISO 8601, or ``90d`` or ``2 weeks ago``."""
    match = _AGO.fullmatch(text.strip())
    if match:
        hours = int(match[1]) * _HOURS[match[2][0]]
        return datetime.now(timezone.utc) - timedelta(hours=hours)
    parsed = datetime.fromisoformat(text)
    return parsed if parsed.tzinfo else parsed.astimezone()
