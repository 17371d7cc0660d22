"""Keeps failures in the background until a command can print them (standard library only).

The deliverer has no terminal. It leaves its failure here, and the next hook, shim or command prints
it. The same reason is not printed again until a delivery has succeeded.
"""

from __future__ import annotations

import os

from gitver_hooks.common.files import open_state_file, read_small, replace_file
from gitver_hooks.gitfiles.location import Location

# Two lines: the reason and the text.
_PENDING = "notice"
# The reasons of the notices that were printed, one per line.
_PRINTED = "notice.printed"


def leave_notice(location: Location, text: str, reason: str | None = None) -> None:
    """Keep ``text`` unless a notice with the same reason (default: the text) was printed.

    Both are one line without credentials. Never raises: a notice that cannot be kept is in the log
    as well.
    """
    lines = [_encoded(reason or text), _encoded(text)]
    if lines[0] in (read_small(_path(location, _PRINTED)) or b"").splitlines():
        return
    try:
        replace_file(_path(location, _PENDING), b"\n".join(lines))
    except OSError:
        pass


def take_notice(location: Location) -> str | None:
    """The notice that the caller has to print; None if there is none."""
    taken = f"{_path(location, _PENDING)}.{os.getpid()}"
    try:
        # If several processes try at the same time, one succeeds.
        os.replace(_path(location, _PENDING), taken)
    except OSError:
        return None
    reason, _, text = (read_small(taken) or b"").partition(b"\n")
    try:
        os.unlink(taken)
        printed = open_state_file(_path(location, _PRINTED), os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        with open(printed, "ab") as file:
            file.write(reason + b"\n")
    except OSError:
        pass
    return text.decode("utf-8", "replace") or None


def forget_notices(location: Location) -> None:
    """Forget all notices, printed or not: a delivery has succeeded."""
    for name in (_PENDING, _PRINTED):
        try:
            os.unlink(_path(location, name))
        except OSError:
            pass


def _encoded(line: str) -> bytes:
    return line.encode("utf-8", "backslashreplace").replace(b"\n", b" ")


def _path(location: Location, name: str) -> str:
    return os.path.join(location.shared_state_dir, name)
