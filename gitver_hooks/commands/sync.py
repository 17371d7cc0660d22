"""Deliver what is waiting in the outbox, and check that the active model is still in MLflow."""

from __future__ import annotations

import argparse
import sys

from gitver_hooks.common.errors import GitverError
from gitver_hooks.common.printing import printable, show
from gitver_hooks.gitfiles.location import Location
from gitver_hooks.recording.deliver import Delivered, Deliverer, deliver_store
from gitver_hooks.recording.delivery_process import open_deliverer, recheck_active_model
from gitver_hooks.recording.outbox import Entry, Outbox
from gitver_hooks.registry.failures import MLflowFailure
from gitver_hooks.repository.repository import open_repository

_OTHER_DELIVERER_SECONDS = 60.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options for registrations that cannot be delivered."""
    parser.add_argument(
        "--discard",
        action="store_true",
        help="delete the registrations that could not be delivered",
    )
    parser.add_argument(
        "--retry",
        action="store_true",
        help="also retry the registrations that were set aside",
    )


def run(arguments: argparse.Namespace) -> int:
    """Deliver. Raises GitverError if something could not be delivered."""
    with open_repository(arguments.folder, arguments.environment) as repository:
        location = repository.location
    outbox = Outbox(location)
    if arguments.retry:
        outbox.retry_rejected()
    on_terminal = sys.stderr.isatty()
    deliverer = open_deliverer(location, arguments.environment, _show if on_terminal else None)
    result = _deliver(location, outbox, deliverer)
    result.failures += _recheck(location, arguments, deliverer)
    # The check may have found that the version has to be registered again.
    second = _deliver(location, outbox, deliverer) if not result.failures else Delivered()
    result.delivered += second.delivered
    if on_terminal:
        sys.stderr.write("\r\x1b[K")
    if arguments.discard:
        show(f"{result.delivered} delivered, {outbox.discard()} discarded")
        return 0
    return _print_result(outbox, result)


def _deliver(location: Location, outbox: Outbox, deliverer: Deliverer) -> Delivered:
    total = Delivered()
    for key in outbox.stores():
        result = deliver_store(location, key, deliverer, _OTHER_DELIVERER_SECONDS)
        if result is None:
            raise GitverError("another delivery is running", "try again in a minute")
        total.delivered += result.delivered
        total.failures += result.failures
        total.rejected += result.rejected
    return total


def _recheck(location: Location, arguments: argparse.Namespace, deliverer: Deliverer) -> list[str]:
    try:
        recheck_active_model(location, arguments.environment, deliverer)
    except MLflowFailure as failure:
        return [str(failure)]
    return []


def _print_result(outbox: Outbox, result: Delivered) -> int:
    waiting, _ = outbox.counts()
    show(f"{result.delivered} delivered, {waiting} waiting")
    if result.rejected:
        raise GitverError(
            f"{len(result.rejected)} set aside: {result.rejected[0]}",
            "then run `gitver sync --retry`",
        )
    if result.failures:
        raise GitverError(result.failures[0])
    return 0


def _show(position: int, entry: Entry) -> None:
    sys.stderr.write(f"\r\x1b[K{position} {printable(entry.registration.name)}")
    sys.stderr.flush()
