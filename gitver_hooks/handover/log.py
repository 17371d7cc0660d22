"""Writes the log under the git dir, for failures in the background too (standard library only)."""

from __future__ import annotations

import os
import sys
import time

from gitver_hooks.common.errors import GitverError
from gitver_hooks.common.files import make_state_folder, open_state_file
from gitver_hooks.common.printing import printable
from gitver_hooks.gitfiles.location import Location

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

_LARGEST_LOG = 256 * 1024
_LONGEST_ENTRY = 64 * 1024


def log_path(location: Location) -> str:
    """The path of the log, which all worktrees of the repository share."""
    return os.path.join(location.shared_state_dir, "log")


def log(
    location: Location | None,
    message: object,
    error: BaseException | None = None,
    environment: Mapping[str, str] | None = None,
) -> None:
    """Append one line: time, process, versions, ``message``, and the traceback of a bug.

    ``error`` is logged with its traceback, its line breaks written as ``\\n``, unless it is
    expected (a GitverError). The log is escaped, contains no credentials (see ``mask``) and
    occupies at most two files of 256 KiB. Never raises.
    """
    if location is None:
        return
    try:
        path = log_path(location)
        make_state_folder(os.path.dirname(path))
        if os.path.exists(path) and os.path.getsize(path) > _LARGEST_LOG:
            os.replace(path, path + ".old")
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
        with open(open_state_file(path, flags), "ab") as file:
            file.write(_entry(message, error, environment).encode())
    except OSError:
        pass


def _entry(
    message: object, error: BaseException | None, environment: Mapping[str, str] | None
) -> str:
    from gitver_hooks import __version__
    from gitver_hooks.common.masking import mask

    now = time.strftime("%Y-%m-%dT%H:%M:%S%z")
    python = ".".join(str(part) for part in sys.version_info[:3])
    text = str(message)
    if error is not None and not isinstance(error, GitverError):
        import traceback

        text += "\n" + "".join(traceback.format_exception(error)).rstrip()
    line = printable(mask(text, environment=environment))[:_LONGEST_ENTRY]
    return f"{now} [{os.getpid()}] gitver {__version__}, Python {python}: {line}\n"
