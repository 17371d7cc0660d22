"""The parts of git's configuration that no repository controls: system, user and command line.

Standard library only; git-config(1) calls it protected configuration. Only unconditional includes
are followed: the conditions of ``includeIf`` speak of a repository, and git reads this to decide
whether to look at one.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator, Mapping

from gitver_hooks.common.files import read_small

# git's own limit (config.c, MAX_INCLUDE_DEPTH).
_DEEPEST_INCLUDE = 10
# A line that ends in a backslash continues on the next one.
_ESCAPES = {"n": "\n", "t": "\t", "b": "\b", "\\": "\\", '"': '"', "\n": ""}
_NO = ("", "0", "false", "no", "off")


def protected_values(
    section: str, name: str, environment: Mapping[str, str]
) -> Iterator[str | None]:
    """The values of ``section.name``, in git's order; None for a key without a value.

    Nothing after the first line that git could not parse.
    """
    for path in _files(environment):
        yield from _values_in(path, section, name, environment, 0)
    for key, value in _command_line(environment):
        if key.lower() == f"{section}.{name}":
            yield value


def expand_user(path: str, environment: Mapping[str, str]) -> str:
    """``path`` with a leading ``~`` or ``~user`` replaced, as git does for paths."""
    if path == "~" or path.startswith("~/"):
        return environment.get("HOME", "~") + path[1:]
    return os.path.expanduser(path)


def _files(environment: Mapping[str, str]) -> Iterator[str]:
    if environment.get("GIT_CONFIG_NOSYSTEM", "").lower() in _NO:
        yield environment.get("GIT_CONFIG_SYSTEM", "/etc/gitconfig")
    if "GIT_CONFIG_GLOBAL" in environment:
        yield environment["GIT_CONFIG_GLOBAL"]
        return
    home = environment.get("HOME")
    folder = environment.get("XDG_CONFIG_HOME") or (home and os.path.join(home, ".config"))
    if folder:
        yield os.path.join(folder, "git", "config")
    if home:
        yield os.path.join(home, ".gitconfig")


def _values_in(
    path: str, section: str, name: str, environment: Mapping[str, str], depth: int
) -> Iterator[str | None]:
    content = read_small(path)
    if content is None or depth > _DEEPEST_INCLUDE:
        return
    for found, key, value in _Parser(content.decode("utf-8", "surrogateescape")).entries():
        if (found, key) == (section, name):
            yield value
        elif (found, key) == ("include", "path") and value:
            included = os.path.join(os.path.dirname(path), expand_user(value, environment))
            yield from _values_in(included, section, name, environment, depth + 1)


def _command_line(environment: Mapping[str, str]) -> Iterator[tuple[str, str | None]]:
    """What ``git -c`` passes on to hooks, and GIT_CONFIG_COUNT (git(1), git-config(1))."""
    count = environment.get("GIT_CONFIG_COUNT", "")
    for number in range(int(count) if count.isascii() and count.isdigit() else 0):
        key = environment.get(f"GIT_CONFIG_KEY_{number}")
        if key is None:
            break
        yield key, environment.get(f"GIT_CONFIG_VALUE_{number}")
    try:
        words = shlex.split(environment.get("GIT_CONFIG_PARAMETERS", ""))
    except ValueError:
        return
    for word in words:
        key, equals, value = word.partition("=")
        yield key, value if equals else None


class _Parser:
    """The syntax of git's configuration files (git-config(1), CONFIGURATION FILE)."""

    def __init__(self, text: str) -> None:
        self._text = text.removeprefix("\ufeff").replace("\r\n", "\n")
        self._at = 0

    def entries(self) -> Iterator[tuple[str, str, str | None]]:
        """(section, name, value) in lower case but for the value; nothing after an error.

        A section with a subsection has a name that no other section has: ``remote.origin``.
        """
        section = ""
        while self._skip_blank():
            if self._peek() == "[":
                header = self._header()
                if header is None:
                    return
                section = header
                continue
            name = self._until("=\n#;").strip().lower()
            if not name.replace("-", "").isalnum():
                return
            if self._peek() != "=":
                yield section, name, None
                continue
            self._at += 1
            value = self._value()
            if value is None:
                return
            yield section, name, value

    def _peek(self) -> str:
        return self._text[self._at : self._at + 1]

    def _take(self) -> str:
        """The next character, which is then behind; an empty string at the end."""
        character = self._peek()
        self._at += 1
        return character

    def _skip_blank(self) -> bool:
        """Move to the next header or name; False at the end."""
        while self._at < len(self._text):
            if self._peek() in "#;":
                self._until("\n")
            elif not self._peek().isspace():
                return True
            else:
                self._at += 1
        return False

    def _until(self, ends: str) -> str:
        start = self._at
        while self._at < len(self._text) and self._peek() not in ends:
            self._at += 1
        return self._text[start : self._at]

    def _header(self) -> str | None:
        """The name of the section whose header starts here; None if git could not parse it."""
        start = self._at
        is_quoted = False
        while (character := self._take()) not in ("", "\n"):
            if character == "\\" and is_quoted:
                self._at += 1
            elif character == '"':
                is_quoted = not is_quoted
            elif character == "]" and not is_quoted:
                return self._text[start + 1 : self._at - 1].strip().lower()
        return None

    def _value(self) -> str | None:
        """The value that starts here; None if git could not parse it."""
        value = ""
        # The length without the blanks at the end, which count only if something follows.
        length = 0
        is_quoted = False
        while (character := self._take()) not in ("", "\n"):
            if character.isspace() and not is_quoted:
                value += character if value else ""
                continue
            if character in "#;" and not is_quoted:
                self._until("\n")
                continue
            if character == '"':
                is_quoted = not is_quoted
            elif character == "\\":
                escaped = _ESCAPES.get(self._take())
                if escaped is None:
                    return None
                value += escaped
            else:
                value += character
            length = len(value)
        return None if is_quoted else value[:length]
