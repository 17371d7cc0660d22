"""Git's patterns, of .gitignore and .gitattributes, as regular expressions (standard library only).

The rules are those of gitignore(5), and where that is silent those of git's dir.c and wildmatch.c.
"""

from __future__ import annotations

import re
from itertools import count

_SPECIAL = b"*?[\\"
_CLASSES = {
    b"alnum": "isalnum",
    b"alpha": "isalpha",
    b"digit": "isdigit",
    b"lower": "islower",
    b"space": "isspace",
    b"upper": "isupper",
}


class Pattern:
    """One pattern of a rule file.

    ``negated`` and ``directory`` are what ``!`` and a last ``/`` say. A pattern with ``basename``
    is matched against the last component of a path, any other against the path relative to the rule
    file's folder. ``source`` is the regular expression, to be matched as a whole.
    """

    __slots__ = ("basename", "directory", "negated", "source")

    def __init__(self, text: bytes, ignore_case: bool = False) -> None:
        self.negated = text.startswith(b"!")
        text = text[1:] if self.negated else text
        self.directory = text.endswith(b"/")
        text = text[:-1] if self.directory else text
        self.basename = b"/" not in text
        if ignore_case:
            text = _lower_literals(text)
        if self.basename:
            self.source = _translate(text, path=False, fold=ignore_case)
        else:
            text = text[1:] if text.startswith(b"/") else text
            # What comes before the first special character is compared as it is; "**" is special at
            # the beginning of what is left, even where that is not the beginning of a component
            # (dir.c).
            plain = next((i for i, c in enumerate(text) if c in _SPECIAL), len(text))
            rest = _translate(text[plain:], path=True, fold=ignore_case)
            self.source = re.escape(text[:plain]) + rest


def _lower_literals(text: bytes) -> bytes:
    """Lower case outside of brackets: wildmatch.c folds the text, and ranges by themselves."""
    lowered = bytearray()
    i = 0
    while i < len(text):
        if text[i : i + 1] == b"\\":
            lowered += text[i : i + 2].lower()
            i += 2
            continue
        found = _bracket(text, i, fold=False) if text[i : i + 1] == b"[" else None
        if found is None:
            lowered += text[i : i + 1].lower()
            i += 1
        else:
            lowered += text[i : found[1]]
            i = found[1]
    return bytes(lowered)


# Matches nothing: for patterns that wildmatch.c gives up on.
_NEVER = rb"(?!)"


def _translate(text: bytes, *, path: bool, fold: bool) -> bytes:
    """The regular expression for a wildmatch pattern; ``path``: "*" and "?" stop at slashes."""
    anything = b"[^/]" if path else b"(?s:.)"
    # What stands between two stars that cross slashes, each as what stands between its own stars.
    groups: list[list[list[bytes]]] = [[[]]]
    crossings: list[bytes] = []
    i = 0
    while i < len(text):
        char = text[i : i + 1]
        found = None
        if char == b"*":
            end = i
            while text[end : end + 1] == b"*":
                end += 1
            crossing = _crossing(text, i, end) if path else None
            if crossing is None:
                groups[-1].append([])
            else:
                crossings.append(crossing)
                groups.append([[]])
            # "**/" also stands for nothing at all; its slash is part of it.
            i = end + 1 if crossing == _FOLDERS else end
            continue
        if char == b"\\":
            found = re.escape(text[i + 1 : i + 2]), i + 2
        elif char == b"?":
            found = anything, i + 1
        elif char == b"[":
            bracket = _bracket(text, i, fold=fold)
            if bracket is not None:
                found = _class(bracket[0] - {0x2F} if path else bracket[0]), bracket[1]
        else:
            found = re.escape(char), i + 1
        if found is None or not found[0]:
            return _NEVER
        groups[-1][-1].append(found[0])
        i = found[1]
    return _assemble(groups, crossings, anything)


_FOLDERS = rb"(?s:.*?/)??"
_ANYTHING = rb"(?s:.*?)"


def _crossing(text: bytes, start: int, end: int) -> bytes | None:
    """What the stars from ``start`` to ``end`` are where they cross slashes, else None."""
    if end - start == 1 or not (start == 0 or text[start - 1 : start] == b"/"):
        return None
    if text[end : end + 1] == b"/":
        return _FOLDERS
    return _ANYTHING if end == len(text) or text[end : end + 2] == b"\\/" else None


_names = count()


def _assemble(groups: list[list[list[bytes]]], crossings: list[bytes], anything: bytes) -> bytes:
    """The whole expression, which takes no more than quadratic time.

    The first place where what follows a star fits is as good as any later one, if another star of
    the same kind, or one that crosses slashes, comes after it. So only the last one may be tried
    again: a group in a lookahead is not.
    """
    parts = []
    for at, group in enumerate(groups):
        last_group = at == len(groups) - 1
        part = b"".join(group[0])
        for number, piece in enumerate(group[1:], 1):
            star = anything + b"*?" + b"".join(piece)
            last = last_group and number == len(group) - 1
            part += star if last else _once(star)
        if at:
            part = crossings[at - 1] + part
            part = part if last_group else _once(part)
        parts.append(part)
    return b"".join(parts)


def _once(expression: bytes) -> bytes:
    """An atomic group, which ``re`` has since Python 3.11 only."""
    name = b"g%d" % next(_names)
    return b"(?=(?P<%b>%b))(?P=%b)" % (name, expression, name)


def _class(members: set[int]) -> bytes:
    if not members:
        return _NEVER
    return b"[" + b"".join(b"\\x%02x" % member for member in sorted(members)) + b"]"


def _bracket(text: bytes, start: int, *, fold: bool) -> tuple[set[int], int] | None:
    """The bytes that the bracket expression at ``start`` matches, and where it ends.

    None where wildmatch.c gives up: an expression without end, an unknown class.
    """
    i = start + 1
    negated = text[i : i + 1] in (b"!", b"^")
    i += negated
    members: set[int] = set()
    previous = 0
    first = True
    while first or text[i : i + 1] != b"]":
        first = False
        if i >= len(text):
            return None
        char = text[i]
        if char == 0x5C:  # a backslash
            i += 1
            if i >= len(text):
                return None
            char = text[i]
            members.add(char)
        elif char == 0x2D and previous and text[i + 1 : i + 2] not in (b"", b"]"):
            i += 1
            if text[i] == 0x5C:
                i += 1
                if i >= len(text):
                    return None
            members.update(_range(previous, text[i], fold))
            char = 0
        elif char == 0x5B and text[i + 1 : i + 2] == b":":
            end = text.find(b"]", i + 2)
            if end < 0:
                return None
            if end - i > 2 and text[end - 1] == 0x3A:
                named = _named(text[i + 2 : end - 1], fold)
                if named is None:
                    return None
                members |= named
                i = end
                char = 0
            else:
                members.add(char)
        else:
            members.add(char)
        previous = char
        i += 1
    if negated:
        members = set(range(1, 256)) - members
    return members, i + 1


def _range(low: int, high: int, fold: bool) -> set[int]:
    members = set(range(low, high + 1))
    if fold:
        members |= {c for c in range(0x61, 0x7B) if low <= c - 32 <= high}
    return members


def _named(name: bytes, fold: bool) -> set[int] | None:
    """A POSIX class in the C locale."""
    ascii_only = range(1, 128)
    if name == b"upper" and fold:
        name = b"alpha"
    if name in _CLASSES:
        return {c for c in ascii_only if getattr(bytes([c]), _CLASSES[name])()}
    if name == b"blank":
        return {0x20, 0x09}
    if name == b"cntrl":
        return {*range(1, 32), 127}
    if name == b"graph":
        return set(range(33, 127))
    if name == b"print":
        return set(range(32, 127))
    if name == b"punct":
        return {c for c in range(33, 127) if not bytes([c]).isalnum()}
    if name == b"xdigit":
        return set(b"0123456789abcdefABCDEF")
    return None
