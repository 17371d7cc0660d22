"""The syntax of git's configuration files (git-config(1), CONFIGURATION FILE), without includes."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

# The name in lower case, and the subsection as it is written: (b"core",), (b"remote", b"origin").
Section = tuple[bytes, ...]

_ESCAPES = {
    ord("n"): b"\n", ord("t"): b"\t", ord("b"): b"\b", ord("\\"): b"\\", ord('"'): b'"',
}  # fmt: skip
_BLANKS = b" \t\n\r\f\v"
_COMMENTS = b"#;"
_NAME = b"abcdefghijklmnopqrstuvwxyz0123456789-"


class ConfigSyntaxError(ValueError):
    """A line that git could not parse."""


def entries(content: bytes) -> Iterator[tuple[Section, bytes, bytes | None]]:
    """The section, the name in lower case, and the value of each entry; None: it has no value.

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
        while self._skip_blank():
            if self._byte() == b"[":
                section = self._header()
                continue
            name = self._name()
            if not name[:1].isalpha():
                raise self._error()
            yield section, name, self._value_after_name()

    def _byte(self) -> bytes:
        return self._content[self._at : self._at + 1]

    def _skip_blank(self) -> bool:
        """Move to the next header or name; False at the end."""
        while byte := self._byte():
            if byte in _COMMENTS:
                self._at = self._content.index(b"\n", self._at)
            elif byte not in _BLANKS:
                return True
            else:
                self._at += 1
        return False

    def _name(self) -> bytes:
        start = self._at
        while self._byte().lower() in _NAME:
            self._at += 1
        return self._content[start : self._at].lower()

    def _header(self) -> Section:
        """The section whose header starts here."""
        self._at += 1
        start = self._at
        while self._byte().lower() in _NAME + b".":
            self._at += 1
        name = self._content[start : self._at].lower()
        if self._byte() == b"]" and name:
            self._at += 1
            # The old syntax [section.subsection], which does not keep the case.
            first, _, second = name.partition(b".")
            return (first, second) if second else (first,)
        while self._byte() in (b" ", b"\t"):
            self._at += 1
        if self._byte() != b'"':
            raise self._error()
        subsection = self._quoted_subsection()
        if self._byte() != b"]":
            raise self._error()
        self._at += 1
        return name, subsection

    def _quoted_subsection(self) -> bytes:
        text = b""
        while True:
            self._at += 1
            byte = self._byte()
            if byte == b'"':
                self._at += 1
                return text
            if byte == b"\\":
                self._at += 1
                byte = self._byte()
            if byte in (b"", b"\n"):
                raise self._error()
            text += byte

    def _value_after_name(self) -> bytes | None:
        while self._byte() in (b" ", b"\t"):
            self._at += 1
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
        """What the character after a backslash stands for; nothing for the end of a line."""
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
