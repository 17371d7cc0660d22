"""Whether a URI is one that all programs read alike, without parsing it.

Standard library only. Most are, so that an app that starts does not need the parser.
"""

from __future__ import annotations

_SPECIAL = "@?#\\["


def is_simple(uri: str) -> bool:
    """Whether ``uri`` has no character that could make its host or its credentials ambiguous."""
    return uri.isprintable() and " " not in uri and not any(c in uri for c in _SPECIAL)
