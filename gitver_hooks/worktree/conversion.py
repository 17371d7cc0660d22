"""Converts the content of a file to what git stores (git's convert.c)."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Mapping
from typing import NamedTuple

from gitver_hooks.common.files import read_small
from gitver_hooks.gitfiles import attributes as attribute_files
from gitver_hooks.gitfiles.attributes import AttributeFile, Attributes, Value
from gitver_hooks.gitfiles.levels import inherited
from gitver_hooks.gitfiles.protected_config import xdg_file
from gitver_hooks.repository.configuration import Configuration
from gitver_hooks.worktree.filters import Filters

# How line ends are converted: git guesses whether the file is text, or is told that it is.
GUESS = "guess"
TEXT = "text"

_IDENT = re.compile(rb"\$Id:[^$\n]*\$")
# gather_stats() in convert.c: BS, HT, ESC and FF count as printable; CR and LF are counted apart.
_NOT_PRINTABLE = bytes(c for c in (*range(32), 127) if c not in (8, 9, 10, 12, 13, 27))
_NOT_COUNTED = bytes(c for c in (*range(32), 127) if c not in (8, 9, 12, 27))

# Attribute files with the lengths of their folders' paths, the highest precedence first.
Levels = tuple[tuple[int, AttributeFile], ...]


class Action(NamedTuple):
    """How git converts a file's content.

    ``line_ends`` is GUESS, TEXT or None (not converted). ``crlf_out``: a checkout writes CRLF line
    ends.
    """

    line_ends: str | None = None
    crlf_out: bool = False
    ident: bool = False
    encoding: bytes | None = None
    filter: bytes | None = None


class Conversion:
    """The rules of one worktree. ``files`` maps the rule files outside it to their content.

    ``read_worktree(directory)`` returns the content of a directory's .gitattributes, or None.
    ``read_stored(path)`` returns what the index has for a path, or None: where git has to guess
    that a file is text, it does not normalise one that it has stored with CRLF line ends.
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
        self._only_input = autocrlf == b"input"
        self._autocrlf = self._only_input or configuration.flag((b"core",), b"autocrlf", False)
        eol = (configuration.text((b"core",), b"eol") or b"").lower()
        # text_eol_is_crlf(): core.autocrlf takes precedence over core.eol.
        self._text_is_crlf = not self._only_input and (self._autocrlf or eol == b"crlf")
        named = configuration.path((b"core",), b"attributesFile")
        user = named if named is not None else xdg_file("attributes", environment)
        self.files: dict[str, bytes | None] = {}
        self._info = self._outside(os.path.join(common_dir, "info", "attributes"))
        self._weakest = (*self._outside(user), *self._outside("/etc/gitattributes"))
        self._builtin = (
            (0, attribute_files.parse(attribute_files.BINARY_MACRO, may_define_macros=True)),
        )
        self._own: dict[bytes, Levels] = {}
        self._directories: dict[bytes, Attributes] = {}

    def action(self, path: bytes) -> Action | None:
        """How the content of ``path`` is converted; None: it is stored as it is."""
        attributes = self._attributes_in(path.rpartition(b"/")[0]).of(path)
        if not attributes:
            return Action(GUESS, not self._only_input) if self._autocrlf else None
        line_ends = self._line_ends(attributes)
        encoding, filter_name = attributes.get(b"working-tree-encoding"), attributes.get(b"filter")
        action = Action(
            line_ends,
            line_ends is not None and self._writes_crlf(attributes),
            attributes.get(b"ident") is True,
            encoding if isinstance(encoding, bytes) and encoding else None,
            filter_name if isinstance(filter_name, bytes) and filter_name else None,
        )
        return None if action == Action() else action

    def may_convert(self, directories: list[bytes]) -> bool:
        """Whether any file may be converted; ``directories`` have a .gitattributes of their own."""
        return self._autocrlf or any(
            self._attributes_in(directory).may_change_content for directory in (b"", *directories)
        )

    def _line_ends(self, attributes: dict[bytes, Value]) -> str | None:
        text = _text(attributes)
        if text is False:
            return None
        if text == b"auto":
            return GUESS
        if text in (True, b"input") or attributes.get(b"eol") in (b"lf", b"crlf"):
            return TEXT
        return GUESS if self._autocrlf else None

    def _writes_crlf(self, attributes: dict[bytes, Value]) -> bool:
        """convert_attrs() and output_eol() in convert.c, for a file whose line ends matter."""
        eol, text = attributes.get(b"eol"), _text(attributes)
        if eol in (b"lf", b"crlf"):
            return eol == b"crlf"
        if text == b"input":
            return False
        if text in (True, b"auto"):
            return self._text_is_crlf
        return not self._only_input

    def stored(self, path: bytes, content: bytes, action: Action) -> bytes:
        """The bytes that git stores for the ``content`` of the file at ``path``.

        Raises GitverError if a required filter fails.
        """
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
        attributes = self._directories.get(directory)
        if attributes is None:
            levels = (*self._info, *self._levels(directory), *self._weakest, *self._builtin)
            attributes = self._directories[directory] = Attributes(levels, self._ignore_case)
        return attributes

    def _levels(self, directory: bytes) -> Levels:
        """The .gitattributes from ``directory`` up to the root."""
        return inherited(directory, self._own, (), self._extend)

    def _extend(self, directory: bytes, above: Levels) -> Levels:
        text = self._read_worktree(directory)
        if text is None:
            return above
        parsed = attribute_files.parse(
            text, may_define_macros=not directory, ignore_case=self._ignore_case
        )
        return ((len(directory) + 1 if directory else 0, parsed), *above)

    def _outside(self, path: str) -> Levels:
        text = self.files[path] = read_small(path)
        if text is None:
            return ()
        parsed = attribute_files.parse(text, may_define_macros=True, ignore_case=self._ignore_case)
        return ((0, parsed),)

    def fingerprint(self, directories: list[bytes]) -> bytes:
        """A digest of all rules that say how content is converted.

        ``directories`` have a .gitattributes of their own. As long as the fingerprint stays the
        same, a file whose stat data equals the index's is stored as the index says.
        """
        options = (self._autocrlf, self._only_input, self._text_is_crlf)
        digest = hashlib.sha256(bytes(options))
        for level in (*self._info, *self._weakest):
            digest.update(b"\n".join((b"", *level[1].lines)))
        for directory in sorted(directories):
            if self._attributes_in(directory).may_change_content:
                digest.update(b"\0" + directory + b"\0")
                for _, file in self._levels(directory):
                    digest.update(b"\n".join(file.lines))
        digest.update(self._filters.fingerprint())
        return digest.digest()


def _text(attributes: dict[bytes, Value]) -> Value:
    """The attribute ``text``, or its older name if ``text`` has no valid value."""
    text = attributes.get(b"text")
    return text if text in (True, False, b"input", b"auto") else attributes.get(b"crlf")


def is_binary(content: bytes) -> bool:
    """Git's guess for line ends (convert_is_binary()): NUL, a lone CR, or too little printable."""
    if b"\0" in content or content.count(b"\r") != content.count(b"\r\n"):
        return True
    odd = len(content) - len(content.translate(None, _NOT_PRINTABLE))
    if content.endswith(b"\x1a"):
        odd -= 1
    printable = len(content.translate(None, _NOT_COUNTED))
    return (printable >> 7) < odd


def _to_utf8(content: bytes, encoding: bytes) -> bytes:
    """``content`` as UTF-8; unchanged if the encoding is unknown or does not fit.

    Git refuses such files.
    """
    name = encoding.decode("ascii", "replace").lower()
    name = "utf-16" if name in ("utf-16le-bom", "utf-16be-bom") else name
    try:
        return content.decode(name).encode("utf-8")
    except (LookupError, ValueError):
        return content
