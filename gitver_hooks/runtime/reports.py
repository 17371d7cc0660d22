"""What this process prints about an app, without repeating itself (standard library only)."""

from __future__ import annotations

from gitver_hooks.common.printing import say

# By the app's folder: what was printed last, empty when all was well since.
_last: dict[str, str] = {}


def report(folder: str, message: str) -> None:
    """Print ``message`` unless it is what was printed last; an empty one means that all is well.

    A process that checks its version often would otherwise print the same line each time.
    """
    if message and _last.get(folder) != message:
        say(message)
    _last[folder] = message
