"""Failures in the background, kept until a command can print them (standard library only).

The deliverer has no terminal. It leaves its failure here; the next hook, shim or command prints it,
and the same failure is not printed again until a delivery has succeeded in between.
"""

from __future__ import annotations

import os

from gitver_hooks.common.files import read_small, replace_file
from gitver_hooks.gitfiles.location import Location

_PENDING = "notice"
_PRINTED = "notice.printed"


def leave_notice(location: Location, text: str) -> None:
    """Keep ``text``, one line without credentials, unless it was the last notice printed.

    Never raises: a notice that cannot be kept is in the log as well.
    """
    content = text.encode("utf-8", "backslashreplace")
    if read_small(_path(location, _PRINTED)) == content:
        return
    try:
        replace_file(_path(location, _PENDING), content)
    except OSError:
        pass


def take_notice(location: Location) -> str | None:
    """The notice that has not been printed yet, for the caller to print; None without one."""
    try:
        # If several processes try at the same time, one succeeds.
        os.replace(_path(location, _PENDING), _path(location, _PRINTED))
    except OSError:
        return None
    content = read_small(_path(location, _PRINTED))
    return content.decode("utf-8", "replace") if content else None


def forget_notices(location: Location) -> None:
    """Forget all notices, printed or not: a delivery has succeeded."""
    for name in (_PENDING, _PRINTED):
        try:
            os.unlink(_path(location, name))
        except OSError:
            pass


def _path(location: Location, name: str) -> str:
    return os.path.join(location.shared_state_dir, name)
