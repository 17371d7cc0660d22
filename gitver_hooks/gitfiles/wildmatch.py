"""Translates the patterns of .gitignore, .gitattributes and includeIf to regular expressions.

The rules are those of gitignore(5), and of git's dir.c and wildmatch.c for what it leaves open.
Standard library only.
"""

from __future__ import annotations

import re
from itertools import count

from gitver_hooks.gitfiles.brackets import bracket

SPECIAL = b"*?[\\"
# Matches nothing, for patterns that wildmatch.c rejects.
_NEVER = rb"(?!)"
# The two meanings of stars that cross slashes: "**/" also matches nothing at all.
_FOLDERS = rb"(?s:.*?/)??"
_ANYTHING = rb"(?s:.*?)"

# Group names must be unique in an expression, and ``ignore.IgnoreFile`` joins many patterns to one.
_group_numbers = count()


class Pattern:
    """One pattern of a rule file.

    ``is_negated``: it has a leading ``!``. ``only_folders``: it has a trailing ``/``.
    ``matches_name``: it is matched against the last component of a path, any other pattern against
    the path relative to the rule file's folder. ``source`` is the regular expression, for a full
    match.
    """

    __slots__ = ("is_negated", "matches_name", "only_folders", "source")

    def __init__(self, text: bytes, ignore_case: bool = False) -> None:
        self.is_negated = text.startswith(b"!")
        text = text[1:] if self.is_negated else text
        self.only_folders = text.endswith(b"/")
        text = text[:-1] if self.only_folders else text
        self.matches_name = b"/" not in text
        if ignore_case:
            text = _lower_literals(text)
        if self.matches_name:
            self.source = _translate(text, path=False, fold=ignore_case)
        else:
            text = text[1:] if text.startswith(b"/") else text
            # dir.c compares everything before the first special character literally. The remainder
            # is a pattern of its own, so "**" at its start crosses slashes even in the middle of a
            # component.
            plain = next((i for i, byte in enumerate(text) if byte in SPECIAL), len(text))
            pattern = _translate(text[plain:], path=True, fold=ignore_case)
            self.source = re.escape(text[:plain]) + pattern


def matches_path(pattern: bytes, path: bytes, *, ignore_case: bool = False) -> bool:
    """Whether wildmatch.c matches the whole of ``path`` with WM_PATHNAME."""
    if ignore_case:
        pattern, path = _lower_literals(pattern), path.lower()
    return re.fullmatch(_translate(pattern, path=True, fold=ignore_case), path) is not None


def literal_pattern(path: bytes, special: bytes = SPECIAL) -> bytes:
    """The pattern that matches ``path`` alone; ``special`` bytes get a backslash."""
    return b"".join(b"\\" + bytes([byte]) if byte in special else bytes([byte]) for byte in path)


def _lower_literals(text: bytes) -> bytes:
    """Lower-case everything outside brackets: wildmatch.c folds ranges separately."""
    lowered = bytearray()
    position = 0
    while position < len(text):
        if text[position : position + 1] == b"\\":
            lowered += text[position : position + 2].lower()
            position += 2
            continue
        expression = (
            bracket(text, position, fold=False) if text[position : position + 1] == b"[" else None
        )
        if expression is None:
            lowered += text[position : position + 1].lower()
            position += 1
        else:
            lowered += text[position : expression[1]]
            position = expression[1]
    return bytes(lowered)


class _Stretch:
    """A part of a pattern without stars that cross slashes.

    ``crossing`` is the expression of the crossing stars before it, empty for the first part.
    ``pieces`` are expressions without stars; between two of them there is an ordinary star.
    """

    __slots__ = ("crossing", "pieces")

    def __init__(self, crossing: bytes) -> None:
        self.crossing = crossing
        self.pieces = [b""]

    def source(self, anything: bytes, *, last: bool) -> bytes:
        """The expression; ``last``: nothing follows, so its last star may have to be retried."""
        source = self.crossing + self.pieces[0]
        for number, piece in enumerate(self.pieces[1:], 2):
            star = anything + b"*?" + piece
            source += star if last and number == len(self.pieces) else _once(star)
        return source if last or not self.crossing else _once(source)


def _translate(text: bytes, *, path: bool, fold: bool) -> bytes:
    """The regular expression for a wildmatch pattern; ``path``: "*" and "?" stop at slashes.

    The expression takes at most quadratic time. The first place where what follows a star matches
    is as good as any later one if another star of the same kind, or one that crosses slashes, comes
    after it. So only the last star may be retried; the others are in atomic groups.
    """
    anything = b"[^/]" if path else b"(?s:.)"
    stretches = [_Stretch(b"")]
    position = 0
    while position < len(text):
        if text[position : position + 1] != b"*":
            token = _token(text, position, anything, path=path, fold=fold)
            if token is None:
                return _NEVER
            source, position = token
            stretches[-1].pieces[-1] += source
            continue
        end = position
        while text[end : end + 1] == b"*":
            end += 1
        crossing = _crossing(text, position, end) if path else None
        if crossing is None:
            stretches[-1].pieces.append(b"")
        else:
            stretches.append(_Stretch(crossing))
        # The slash of "**/" is part of it.
        position = end + 1 if crossing == _FOLDERS else end
    last_stretch = stretches.pop()
    return b"".join(
        (*(stretch.source(anything, last=False) for stretch in stretches),
         last_stretch.source(anything, last=True))
    )  # fmt: skip


def _token(
    text: bytes, at: int, anything: bytes, *, path: bool, fold: bool
) -> tuple[bytes, int] | None:
    """The expression for what stands at ``at`` (no star) and where it ends; None: no match ever."""
    char = text[at : at + 1]
    if char == b"?":
        return anything, at + 1
    if char == b"\\":
        return (re.escape(text[at + 1 : at + 2]), at + 2) if at + 1 < len(text) else None
    if char != b"[":
        return re.escape(char), at + 1
    expression = bracket(text, at, fold=fold)
    if expression is None:
        return None
    members, end = expression
    return _class(members - {0x2F} if path else members), end


def _crossing(text: bytes, start: int, end: int) -> bytes | None:
    """The meaning of the stars from ``start`` to ``end`` if they cross slashes, else None."""
    if end - start == 1 or not (start == 0 or text[start - 1 : start] == b"/"):
        return None
    if text[end : end + 1] == b"/":
        return _FOLDERS
    return _ANYTHING if end == len(text) or text[end : end + 2] == b"\\/" else None


def _once(expression: bytes) -> bytes:
    """An atomic group; ``re`` has them itself only since Python 3.11."""
    name = b"g%d" % next(_group_numbers)
    return b"(?=(?P<%b>%b))(?P=%b)" % (name, expression, name)


def _class(members: set[int]) -> bytes:
    if not members:
        return _NEVER
    return b"[" + b"".join(b"\\x%02x" % member for member in sorted(members)) + b"]"
