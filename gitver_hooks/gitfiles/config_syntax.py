"""Parses a file of git's configuration (git-config(1), CONFIGURATION FILE), without includes."""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

# The name in lower case and the subsection as written: (b"core",), (b"remote", b"origin").
Section = tuple[bytes, ...]

_ESCAPES = {
    ord("n"): b"\n", ord("t"): b"\t", ord("b"): b"\b", ord("\\"): b"\\", ord('"'): b'"',
}  # fmt: skip
_BLANKS = b" \t\n\r\f\v"
_COMMENTS = b"#;"
_BLANKS_AND_COMMENTS = re.compile(rb"(?:[ \t\n\r\f\v]+|[#;][^\n]*)*")
_SPACES = re.compile(rb"[ \t]*")
_NAME = re.compile(rb"[A-Za-z][A-Za-z0-9-]*")
_HEADER = re.compile(rb'\[([A-Za-z0-9.-]+)(?:[ \t]+"((?:[^"\\\n]|\\[^\n])*)")?\]')
_ESCAPED = re.compile(rb"\\(.)", re.DOTALL)


class ConfigSyntaxError(ValueError):
    """A line that git could not parse."""


def entries(content: bytes) -> Iterator[tuple[Section, bytes, bytes | None]]:
    """The section, the name in lower case and the value of each entry; None if it has no value.

    Raises ConfigSyntaxError at the first line that git could not parse.
    """
    return _Parser(content).entries()


class _Parser:
    def __init__(self, content: bytes) -> None:
        content = content.removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\n")
        # git takes the end of the file for the end of a line.
        self._content = content if content.endswith(b"\n") else content + b"\n"
        self._at = 0

    def entries(self) -> Iterator[tuple[Section, bytes, bytes | None]]:
        section: Section = ()
        while self._skip_to_text():
            if self._byte() == b"[":
                section = self._section()
                continue
            name = self._take(_NAME)
            if name is None:
                raise self._error()
            yield section, name.group().lower(), self._value_after_name()

    def _skip_to_text(self) -> bool:
        """Move to the next header or name; False at the end."""
        self._take(_BLANKS_AND_COMMENTS)
        return self._at < len(self._content)

    def _take(self, pattern: re.Pattern[bytes]) -> re.Match[bytes] | None:
        """Move behind what ``pattern`` matches here; None, without moving, if it does not."""
        match = pattern.match(self._content, self._at)
        if match is not None:
            self._at = match.end()
        return match

    def _byte(self) -> bytes:
        return self._content[self._at : self._at + 1]

    def _section(self) -> Section:
        """The section whose header starts here."""
        header = self._take(_HEADER)
        if header is None:
            raise self._error()
        name, subsection = header.group(1).lower(), header.group(2)
        if subsection is not None:
            return name, _ESCAPED.sub(rb"\1", subsection)
        # The old syntax [section.subsection], which does not keep the case.
        section, _, subsection_name = name.partition(b".")
        return (section, subsection_name) if subsection_name else (section,)

    def _value_after_name(self) -> bytes | None:
        self._take(_SPACES)
        if self._byte() == b"\n":
            return None
        if self._byte() != b"=":
            raise self._error()
        self._at += 1
        end = self._content.index(b"\n", self._at)
        line = self._content[self._at : end]
        if not any(special in line for special in (b'"', b"\\", b"#", b";")):
            self._at = end
            return line.strip(_BLANKS)
        return self._value()

    def _value(self) -> bytes:
        """The value that starts here, with quotes, escapes or a comment."""
        value = b""
        # Blanks at the end do not count, unless they are quoted.
        kept = 0
        is_quoted = False
        while (byte := self._byte()) not in (b"", b"\n"):
            self._at += 1
            if byte == b'"':
                is_quoted = not is_quoted
                kept = len(value)
            elif byte in _COMMENTS and not is_quoted:
                self._at = self._content.index(b"\n", self._at - 1)
            elif byte == b"\\":
                value += self._escaped()
                kept = len(value)
            elif value or is_quoted or byte not in _BLANKS:
                value += byte
                if is_quoted or byte not in _BLANKS:
                    kept = len(value)
        if is_quoted:
            raise self._error()
        return value[:kept]

    def _escaped(self) -> bytes:
        """The value of the escaped character at this point; empty for an escaped line end."""
        byte = self._byte()
        self._at += 1
        if byte == b"\n":
            return b""
        if not byte or byte[0] not in _ESCAPES:
            raise self._error()
        return _ESCAPES[byte[0]]

    def _error(self) -> ConfigSyntaxError:
        line = self._content.count(b"\n", 0, self._at) + 1
        return ConfigSyntaxError(f"git could not parse line {line}")
