"""From the bytes of a file in the worktree to the bytes that git stores (git's convert.c)."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from gitver_hooks.common.files import read_small
from gitver_hooks.gitfiles import attributes as attribute_files
from gitver_hooks.gitfiles.attributes import AttributeFile, Attributes, Value
from gitver_hooks.repository.configuration import Configuration, xdg_file
from gitver_hooks.worktree.filters import Filters

# What is to be done about line ends: guess whether it is text, or know that it is.
GUESS = "guess"
TEXT = "text"

_IDENT = re.compile(rb"\$Id:[^$\n]*\$")
# gather_stats() in convert.c: BS, HT, ESC and FF count as printable; CR and LF are counted apart.
_NOT_PRINTABLE = bytes(c for c in (*range(32), 127) if c not in (8, 9, 10, 12, 13, 27))
_CONTROL = bytes((*range(32), 127))


@dataclass(frozen=True)
class Action:
    """What git does with a file's content before it stores it."""

    line_ends: str | None = None
    ident: bool = False
    encoding: bytes | None = None
    filter: bytes | None = None


class Conversion:
    """The rules of one worktree. ``files`` are the rule files outside of it and what they say.

    ``read_worktree(directory)`` gives the text of a directory's .gitattributes, or None.
    ``read_stored(path)`` gives what the index holds for a path, or None: git does not normalise the
    line ends of a file that it holds with CRLF where it has to guess that it is text.
    """

    def __init__(
        self,
        configuration: Configuration,
        common_dir: str,
        filters: Filters,
        environment: Mapping[str, str],
        read_worktree: Callable[[bytes], bytes | None],
        read_stored: Callable[[bytes], bytes | None],
    ) -> None:
        self._filters = filters
        self._read_worktree = read_worktree
        self._read_stored = read_stored
        self._ignore_case = configuration.flag((b"core",), b"ignoreCase", False)
        autocrlf = (configuration.text((b"core",), b"autocrlf") or b"").lower()
        self._autocrlf = autocrlf == b"input" or configuration.flag((b"core",), b"autocrlf", False)
        named = configuration.path((b"core",), b"attributesFile")
        user = named if named is not None else xdg_file("attributes", environment)
        info = os.path.join(common_dir, "info", "attributes")
        self.files: dict[str, bytes | None] = {}
        self._info = self._outside(info)
        self._weakest = (*self._outside(user), *self._outside("/etc/gitattributes"))
        self._builtin = ((0, attribute_files.parse(attribute_files.BINARY_MACRO, macros=True)),)
        self._own: dict[bytes, tuple[tuple[int, AttributeFile], ...]] = {}
        self._directories: dict[bytes, Attributes] = {}

    def action(self, path: bytes) -> Action | None:
        """What is done with the content of ``path``; None: it is stored as it is."""
        found = self._attributes_in(path.rpartition(b"/")[0]).of(path)
        if not found:
            return Action(GUESS) if self._autocrlf else None
        encoding, filter_name = found.get(b"working-tree-encoding"), found.get(b"filter")
        action = Action(
            self._line_ends(found),
            found.get(b"ident") is True,
            encoding if isinstance(encoding, bytes) and encoding else None,
            filter_name if isinstance(filter_name, bytes) and filter_name else None,
        )
        return None if action == Action() else action

    def _line_ends(self, found: dict[bytes, Value]) -> str | None:
        text = found.get(b"text")
        if text not in (True, False, b"input", b"auto"):
            text = found.get(b"crlf")
        if text is False:
            return None
        if text == b"auto":
            return GUESS
        if text in (True, b"input") or found.get(b"eol") in (b"lf", b"crlf"):
            return TEXT
        return GUESS if self._autocrlf else None

    def stored(self, path: bytes, content: bytes, action: Action) -> bytes:
        """The bytes that git would store for the ``content`` of the file at ``path``."""
        if action.filter is not None:
            content = self._filters.clean(action.filter, path, content)
        if action.encoding is not None:
            content = _to_utf8(content, action.encoding)
        if action.line_ends is not None and b"\r\n" in content:
            content = self._normalised(path, content, action.line_ends)
        return _IDENT.sub(rb"$Id$", content) if action.ident else content

    def _normalised(self, path: bytes, content: bytes, line_ends: str) -> bytes:
        if line_ends == GUESS:
            if is_binary(content):
                return content
            stored = self._read_stored(path)
            if stored is not None and b"\r\n" in stored and not is_binary(stored):
                return content
        return content.replace(b"\r\n", b"\n")

    def _attributes_in(self, directory: bytes) -> Attributes:
        found = self._directories.get(directory)
        if found is None:
            levels = (*self._info, *self._levels(directory), *self._weakest, *self._builtin)
            found = self._directories[directory] = Attributes(levels, self._ignore_case)
        return found

    def _levels(self, directory: bytes) -> tuple[tuple[int, AttributeFile], ...]:
        """The .gitattributes from ``directory`` up to the root."""
        missing = []
        while directory not in self._own:
            missing.append(directory)
            if not directory:
                break
            directory = directory.rpartition(b"/")[0]
        for name in reversed(missing):
            above = self._own[name.rpartition(b"/")[0]] if name else ()
            text = self._read_worktree(name)
            if text is not None:
                parsed = attribute_files.parse(text, macros=not name, ignore_case=self._ignore_case)
                above = ((len(name) + 1 if name else 0, parsed), *above)
            self._own[name] = above
        return self._own[missing[0] if missing else directory]

    def _outside(self, path: str) -> tuple[tuple[int, AttributeFile], ...]:
        text = self.files[path] = read_small(path)
        if text is None:
            return ()
        return ((0, attribute_files.parse(text, macros=True, ignore_case=self._ignore_case)),)

    def fingerprint(self, directories: list[bytes]) -> bytes:
        """A digest of all rules that say how content is converted.

        ``directories`` are those with a .gitattributes of their own. As long as the fingerprint
        stays, a file whose stat data is that of the index is stored as the index says.
        """
        digest = hashlib.sha256(b"autocrlf\n" if self._autocrlf else b"")
        for level in (*self._info, *self._weakest):
            digest.update(b"\n".join((b"", *level[1].lines)))
        for directory in sorted(directories):
            own = self._attributes_in(directory)
            if own.matter:
                digest.update(b"\0" + directory + b"\0")
                for _, file in self._levels(directory):
                    digest.update(b"\n".join(file.lines))
        digest.update(self._filters.fingerprint())
        return digest.digest()


def is_binary(content: bytes) -> bool:
    """Git's guess for line ends (convert_is_binary): NUL, a lone CR, too little printable."""
    if b"\0" in content or content.count(b"\r") != content.count(b"\r\n"):
        return True
    odd = len(content) - len(content.translate(None, _NOT_PRINTABLE))
    if content.endswith(b"\x1a"):
        odd -= 1
    kept = b"\x08\t\x0c\x1b"
    plain = content.translate(None, bytes(c for c in _CONTROL if c not in kept))
    return (len(plain) >> 7) < odd


def _to_utf8(content: bytes, encoding: bytes) -> bytes:
    """As UTF-8; as it is where the encoding is unknown or does not fit (git refuses those)."""
    name = encoding.decode("ascii", "replace").lower()
    name = "utf-16" if name in ("utf-16le-bom", "utf-16be-bom") else name
    try:
        return content.decode(name).encode("utf-8")
    except (LookupError, ValueError):
        return content
