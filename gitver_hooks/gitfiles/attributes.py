"""Parses gitattributes(5) and looks up those that change what git stores (git's attr.c)."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from gitver_hooks.gitfiles.wildmatch import Pattern

# True, False, None ("!name": explicitly not specified) or the value after "=".
Value = bool | bytes | None

RELEVANT: Final = frozenset(
    (b"text", b"crlf", b"eol", b"ident", b"filter", b"working-tree-encoding")
)
BINARY_MACRO: Final = b"[attr]binary -diff -merge -text"
# Git ignores longer lines (attr.c, since 2.39.1).
_LONGEST_LINE: Final = 2048
_BLANK: Final = b" \t\r"
_ESCAPES: Final = {
    ord(letter): bytes([code])
    for letter, code in zip("abfnrtv", (7, 8, 12, 10, 13, 9, 11), strict=True)
}


class Rule(NamedTuple):
    """One line: the pattern, and the attributes in the order of the line.

    ``matches_name`` is that of ``wildmatch.Pattern``.
    """

    expression: re.Pattern[bytes]
    matches_name: bool
    attributes: tuple[tuple[bytes, Value], ...]


class AttributeFile(NamedTuple):
    """The rules of one file and the macros it defines, each in the order of the file."""

    rules: tuple[Rule, ...]
    macros: tuple[tuple[bytes, tuple[tuple[bytes, Value], ...]], ...]
    # The lines that the rules come from, for the fingerprint of the conversion.
    lines: tuple[bytes, ...]


def parse(text: bytes, *, may_define_macros: bool, ignore_case: bool = False) -> AttributeFile:
    """The rules in ``text``. Only files outside of subfolders may define macros."""
    rules: list[Rule] = []
    defined: list[tuple[bytes, tuple[tuple[bytes, Value], ...]]] = []
    lines: list[bytes] = []
    for line in text.removeprefix(b"\xef\xbb\xbf").split(b"\n"):
        split = _split(line.lstrip(_BLANK)) if len(line) < _LONGEST_LINE else None
        if split is None:
            continue
        name, attributes = split[0], _attributes(split[1])
        if name.startswith(b"[attr]") and len(name) > 6:
            if may_define_macros:
                defined.append((name[6:], attributes))
                lines.append(line)
            continue
        if name.startswith(b"!") or name.endswith(b"/"):
            continue
        pattern = Pattern(name, ignore_case)
        rules.append(Rule(re.compile(pattern.source), pattern.matches_name, attributes))
        lines.append(line)
    return AttributeFile(tuple(rules), tuple(defined), tuple(lines))


def _split(line: bytes) -> tuple[bytes, bytes] | None:
    """The pattern and the rest of a line; None for a comment and an empty line."""
    if not line or line.startswith(b"#"):
        return None
    if line.startswith(b'"'):
        unquoted = _unquote(line)
        if unquoted is not None:
            return unquoted
    word = re.match(rb"[^ \t\r\n]+", line)
    assert word is not None, "the line does not begin with a blank"
    return word[0], line[word.end() :]


def _unquote(line: bytes) -> tuple[bytes, bytes] | None:
    """A pattern in double quotes, with C escapes, and the rest of the line; None if malformed."""
    unquoted = bytearray()
    position = 1
    while position < len(line):
        char = line[position]
        if char == 0x22:
            return bytes(unquoted), line[position + 1 :]
        if char != 0x5C:
            unquoted.append(char)
            position += 1
            continue
        octal = re.match(rb"[0-3][0-7]{2}", line[position + 1 : position + 4])
        if octal is not None:
            unquoted.append(int(octal[0], 8))
            position += 4
            continue
        escaped = line[position + 1 : position + 2]
        if escaped in (b'"', b"\\"):
            unquoted += escaped
        elif escaped and escaped[0] in _ESCAPES:
            unquoted += _ESCAPES[escaped[0]]
        else:
            return None
        position += 2
    return None


def _attributes(text: bytes) -> tuple[tuple[bytes, Value], ...]:
    attributes: list[tuple[bytes, Value]] = []
    for word in re.findall(rb"[^ \t\r\n]+", text):
        name, equals, value = word.partition(b"=")
        if name[:1] in (b"-", b"!"):
            attributes.append((name[1:], False if name[:1] == b"-" else None))
        else:
            attributes.append((name, value if equals else True))
    return tuple(attributes)


class Attributes:
    """The attribute files in effect in one directory, the highest precedence first.

    Each comes with the length of its folder's path. ``may_change_content``: at least one of
    them may change what git stores.
    """

    def __init__(self, levels: tuple[tuple[int, AttributeFile], ...], ignore_case: bool) -> None:
        self._ignore_case = ignore_case
        self._levels = levels
        self._macros: dict[bytes, tuple[tuple[bytes, Value], ...]] = {}
        for _, file in levels:
            # Within a file the last definition wins; among files, the one with the highest
            # precedence.
            for name, attributes in reversed(file.macros):
                self._macros.setdefault(name, attributes)
        relevant = RELEVANT | self._macros.keys()
        self.may_change_content = any(
            name in relevant
            for _, file in levels
            for rule in file.rules
            for name, _ in rule.attributes
        )

    def of(self, path: bytes) -> dict[bytes, Value]:
        """The attributes of ``path``, relative to the worktree's root."""
        if not self.may_change_content:
            return {}
        path = path.lower() if self._ignore_case else path
        name = path.rpartition(b"/")[2]
        values: dict[bytes, Value] = {}
        for length, file in self._levels:
            for rule in reversed(file.rules):
                if rule.expression.fullmatch(name if rule.matches_name else path[length:]):
                    self._fill(values, rule.attributes)
        return values

    def _fill(
        self, values: dict[bytes, Value], attributes: tuple[tuple[bytes, Value], ...]
    ) -> None:
        # Values set first win; a macro expands if it is set first.
        pending = list(attributes)
        while pending:
            name, value = pending.pop()
            if name not in values:
                values[name] = value
                if value is True and name in self._macros:
                    pending += self._macros[name]
