"""Parses bracket expressions such as ``[a-z]`` in git's patterns (wildmatch.c).

Standard library only.
"""

from __future__ import annotations

_UPPER, _LOWER, _DIGITS = set(range(0x41, 0x5B)), set(range(0x61, 0x7B)), set(range(0x30, 0x3A))
_CLASSES = {
    b"alnum": _UPPER | _LOWER | _DIGITS,
    b"alpha": _UPPER | _LOWER,
    b"blank": set(b" \t"),
    b"cntrl": {*range(1, 32), 127},
    b"digit": _DIGITS,
    b"graph": set(range(33, 127)),
    b"lower": _LOWER,
    b"print": set(range(32, 127)),
    b"punct": set(range(33, 127)) - _UPPER - _LOWER - _DIGITS,
    b"space": set(b" \t\n\v\f\r"),
    b"upper": _UPPER,
    b"xdigit": set(b"0123456789abcdefABCDEF"),
}


def bracket(text: bytes, start: int, *, fold: bool) -> tuple[set[int], int] | None:
    """The bytes that the bracket expression at ``start`` matches, and where it ends.

    None if wildmatch.c gives up: the expression does not end, or names an unknown class.
    """
    position = start + 1
    negated = text[position : position + 1] in (b"!", b"^")
    position += negated
    start_of_members = position
    members: set[int] = set()
    # The byte that a range may start with; 0 if there is none.
    previous = 0
    while position == start_of_members or text[position : position + 1] != b"]":
        if position >= len(text):
            return None
        if (
            text[position] == 0x2D
            and previous
            and text[position + 1 : position + 2] not in (b"", b"]")
        ):
            end = _literal(text, position + 1)
            if end is None:
                return None
            members |= _range(previous, end[0], fold)
            previous, position = 0, end[1]
        elif text[position : position + 2] == b"[:":
            named = _named_class(text, position, fold)
            if named is None:
                return None
            members |= named[0]
            previous, position = named[1:]
        else:
            literal = _literal(text, position)
            if literal is None:
                return None
            previous, position = literal
            members.add(previous)
    if negated:
        members = set(range(1, 256)) - members
    return members, position + 1


def _literal(text: bytes, at: int) -> tuple[int, int] | None:
    """The byte at ``at``, which a backslash may escape, and where it ends; None if missing."""
    at += text[at : at + 1] == b"\\"
    return (text[at], at + 1) if at < len(text) else None


def _named_class(text: bytes, at: int, fold: bool) -> tuple[set[int], int, int] | None:
    """The members of the class at ``at``, what a range may start with, and where it ends.

    Without ``:]`` at its end, ``[`` stands for itself. None if wildmatch.c gives up.
    """
    end = text.find(b"]", at + 2)
    if end < 0:
        return None
    if end - at == 2 or text[end - 1] != 0x3A:
        return {0x5B}, 0x5B, at + 1
    members = _named(text[at + 2 : end - 1], fold)
    return None if members is None else (members, 0, end + 1)


def _range(low: int, high: int, fold: bool) -> set[int]:
    members = set(range(low, high + 1))
    if fold:
        members |= {c for c in range(0x61, 0x7B) if low <= c - 32 <= high}
    return members


def _named(name: bytes, fold: bool) -> set[int] | None:
    """A POSIX class in the C locale."""
    members = _CLASSES.get(b"alpha" if name == b"upper" and fold else name)
    return None if members is None else set(members)
