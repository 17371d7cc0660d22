"""Deliver what waits in the outbox, and check that the active model is still in MLflow."""

from __future__ import annotations

import argparse
import sys

from gitver_hooks.common.errors import GitverError
from gitver_hooks.common.printing import printable, show
from gitver_hooks.recording.deliver import deliver_all
from gitver_hooks.recording.outbox import Entry, Outbox
from gitver_hooks.repository.repository import open_repository

_OTHER_DELIVERY_SECONDS = 60.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--discard",
        action="store_true",
        help="drop, for good, what could not be delivered",
    )
    parser.add_argument(
        "--retry",
        action="store_true",
        help="also try again what was set aside because it could not succeed",
    )


def run(arguments: argparse.Namespace) -> int:
    with open_repository(arguments.folder, arguments.environment) as repository:
        location = repository.location
    outbox = Outbox(location)
    if arguments.retry:
        outbox.retry_rejected()
    on_terminal = sys.stderr.isatty()
    result = deliver_all(
        location,
        arguments.environment,
        recheck=True,
        seconds=_OTHER_DELIVERY_SECONDS,
        progress=_show if on_terminal else None,
    )
    if on_terminal:
        sys.stderr.write("\r\x1b[K")
    if result is None:
        raise GitverError("another delivery is under way", "try again in a minute")
    if arguments.discard:
        show(f"{result.delivered} delivered, {outbox.discard()} discarded")
        return 0
    show(f"{result.delivered} delivered, {len(outbox.waiting())} waiting")
    if result.rejected:
        raise GitverError(
            f"{len(result.rejected)} set aside: {result.rejected[0]}",
            "then run `gitver sync --retry`",
        )
    if result.failures:
        raise GitverError(result.failures[0])
    return 0


def _show(position: int, number: int, entry: Entry) -> None:
    sys.stderr.write(f"\r\x1b[K{position}/{number} {printable(entry.registration.name)}")
    sys.stderr.flush()
