"""What changed in a history, and where: the statistics applied to each of its metrics."""

from __future__ import annotations

from gitver_hooks.history.records import Finding, History


def findings(history: History) -> list[Finding]:
    """The changes in ``history``, and the metrics with too little data to tell."""
    return []
