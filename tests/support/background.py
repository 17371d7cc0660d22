"""Wait for what hooks and the shim start in the background."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from gitver_hooks.recording.circuit_breaker import failure_of
from gitver_hooks.recording.outbox import Outbox
from support.git import Git
from support.locations import location_of


def wait_until(condition: Callable[[], bool], seconds: float = 120) -> None:
    """Wait for ``condition``; a machine under load gets two minutes."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "the condition has not come true"
        time.sleep(0.03)


def wait_for_background(worktree: Path) -> None:
    """Wait until everything in the outbox is delivered, rejected, or its store has failed."""
    location = location_of(worktree)
    outbox = Outbox(location)

    def is_settled() -> bool:
        return all(failure_of(location, e.registration.store) for e in outbox.waiting())

    wait_until(is_settled)


class SettledGit(Git):
    """A worktree in which each git command waits for what its hooks start in the background."""

    def run(
        self, *arguments: str, check: bool = True, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        completed = super().run(*arguments, check=check, **environment)
        wait_for_background(self.path)
        return completed
