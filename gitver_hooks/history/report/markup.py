"""Writes HTML and SVG in which every value is escaped."""

from __future__ import annotations

import html
from collections.abc import Iterable

from gitver_hooks.common.printing import printable


def escape(value: object) -> str:
    """``value`` as text of an element or an attribute, control characters made visible."""
    return html.escape(printable(str(value)), quote=True)


def element(name: str, content: str = "", /, **attributes: object) -> str:
    """An element around ``content``, which is markup already; attribute values are escaped.

    ``class_`` stands for ``class``, and ``_`` in a name for ``-``. Attributes that are None are
    left out.
    """
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(value)}"'
        for key, value in attributes.items()
        if value is not None
    )
    return f"<{name}{written}>{content}</{name}>"


def joined(parts: Iterable[str]) -> str:
    """Parts of markup, a line each."""
    return "\n".join(part for part in parts if part)


def coordinate(value: float) -> str:
    """A coordinate with as many digits as can be seen."""
    return f"{value:.1f}".removesuffix(".0")
