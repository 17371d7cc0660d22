"""Prints lines about an app, without repeating the last one (standard library only)."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

UNVERSIONED = "(this process is not versioned)"

# By the app's folder: what was printed last, empty when all was well since.
_last: dict[str, str] = {}


def report(folder: str, message: str, environment: Mapping[str, str] | None = None) -> None:
    """Print ``message`` unless it is what was printed last; an empty one means that all is well.

    A process that checks its version often would otherwise print the same line each time.
    """
    if message and _last.get(folder) != message:
        say(message, environment)
    _last[folder] = message


def say(message: str, environment: Mapping[str, str] | None = None) -> None:
    """Print one line on standard error, without the passwords in ``environment``."""
    # Most starts have nothing to say.
    from gitver_hooks.common import printing

    printing.say(message, environment)
