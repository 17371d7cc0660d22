"""Deliver one store's queue of the outbox; hooks and the shim start this in the background."""

from __future__ import annotations

from collections.abc import Mapping

from gitver_hooks.recording.delivery_process import run_deliverer


def run_deliver(arguments: list[str], environment: Mapping[str, str]) -> int:
    """Run a deliverer with its ``arguments``: worktree, store key, options."""
    run_deliverer(arguments, environment)
    return 0
