"""Converts what git stores to what a checkout writes (git's convert.c)."""

from __future__ import annotations

import hashlib
import re

from gitver_hooks.worktree.conversion import GUESS, Action, is_binary
from gitver_hooks.worktree.filters import Filters

_LONE_LF = re.compile(rb"(?<!\r)\n")


class Checkout:
    """Computes what a checkout would write, for comparison; nothing is written."""

    def __init__(self, filters: Filters, algorithm: str) -> None:
        self._filters = filters
        self._algorithm = algorithm

    def written(self, path: bytes, blob: bytes, action: Action) -> bytes | None:
        """The bytes that a checkout writes to ``path`` for a blob; None if a filter fails.

        The steps and their order are those of convert_to_working_tree().
        """
        content = self._with_ident(blob) if action.ident else blob
        if action.crlf_out and _gets_crlf(content, action):
            content = _LONE_LF.sub(b"\r\n", content)
        if action.encoding is not None:
            content = encoded(content, action.encoding)
        if action.filter is not None:
            return self._filters.smudge(action.filter, path, content)
        return content

    def _with_ident(self, blob: bytes) -> bytes:
        if b"$Id" not in blob:
            return blob
        name = hashlib.new(self._algorithm, b"blob %d\0%b" % (len(blob), blob)).hexdigest()
        expanded = b"$Id: %b $" % name.encode("ascii")

        def expand(keyword: re.Match[bytes]) -> bytes:
            return keyword[0] if _is_foreign(keyword[0]) else expanded

        return re.sub(rb"\$Id(?::[^$\n]*)?\$", expand, blob)


def _is_foreign(keyword: bytes) -> bool:
    """Whether a keyword was expanded by another system: a space in the middle of its text."""
    text = keyword[4:-1]
    space = text.find(b" ", 1)
    return 0 <= space < len(text) - 1


def _gets_crlf(content: bytes, action: Action) -> bool:
    """Whether line ends become CRLF (will_convert_lf_to_crlf() in convert.c)."""
    if action.line_ends == GUESS:
        return b"\r" not in content and not is_binary(content)
    return True


def encoded(content: bytes, encoding: bytes) -> bytes:
    """UTF-8 content in another encoding; unchanged if the encoding is unknown or does not fit."""
    name = encoding.decode("ascii", "replace").lower()
    mark = b""
    if name in ("utf-16le-bom", "utf-16be-bom"):
        name = name.removesuffix("-bom")
        mark = "\ufeff".encode(name)
    try:
        return mark + content.decode("utf-8").encode(name)
    except (LookupError, ValueError):
        return content
