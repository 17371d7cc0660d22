"""The one line a user sees (standard library only)."""

from __future__ import annotations

import sys


def say(message: object) -> None:
    """One line on standard error, without credentials; never an exception, whatever has become of
    the stream."""
    from gitver_hooks.common.masking import mask

    try:
        text = " ".join(str(message).split())
        sys.stderr.write(f"gitver: {mask(text)}\n")
        sys.stderr.flush()
    except (OSError, ValueError, AttributeError):
        pass
