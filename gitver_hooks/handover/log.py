"""The log under the git dir, and the one line a user sees (standard library only)."""

from __future__ import annotations

import os
import sys
import time

from gitver_hooks.gitfiles.location import Location

_LARGEST_LOG = 256 * 1024


def log_path(location: Location) -> str:
    return os.path.join(location.shared_state_dir, "log")


def log(location: Location | None, message: object, error: BaseException | None = None) -> None:
    """Append ``message``, and the traceback of ``error``, with time, process and versions.

    The log holds no credentials and at most two files of 256 KiB. Never an exception.
    """
    if location is None:
        return
    try:
        path = log_path(location)
        os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
        if os.path.exists(path) and os.path.getsize(path) > _LARGEST_LOG:
            os.replace(path, path + ".old")
        with open(os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "ab") as file:
            file.write(_entry(message, error).encode("utf-8", "backslashreplace"))
    except OSError:
        pass


def _entry(message: object, error: BaseException | None) -> str:
    from gitver_hooks import __version__
    from gitver_hooks.common.masking import mask

    now = time.strftime("%Y-%m-%dT%H:%M:%S%z")
    python = ".".join(str(part) for part in sys.version_info[:3])
    lines = [f"{now} [{os.getpid()}] gitver {__version__}, Python {python}: {message}"]
    if error is not None:
        import traceback

        trace = "".join(traceback.format_exception(type(error), error, error.__traceback__))
        lines += ["    " + line for line in trace.splitlines()]
    return mask("\n".join(lines))[: _LARGEST_LOG // 4] + "\n"
