"""Reports a bug of gitver: traceback to the log, one line to the user (standard library only)."""

from __future__ import annotations

from gitver_hooks.gitfiles.location import Location
from gitver_hooks.handover.log import log, log_path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping


def log_bug(
    location: Location | None,
    activity: str,
    error: BaseException,
    environment: Mapping[str, str] | None = None,
) -> str:
    """Log ``error`` with its traceback, and return the line to print about it.

    The passwords in ``environment`` are masked in the log.
    """
    log(location, f"bug in gitver {activity}", error, environment)
    hint = f"; the details are in {log_path(location)}" if location else ""
    return f"this is a bug in gitver: {type(error).__name__}: {error}{hint}"
