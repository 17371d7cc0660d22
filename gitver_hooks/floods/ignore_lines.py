"""Finds the line of .gitignore for files that each run of an app generates."""

from __future__ import annotations

import os
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import islice
from typing import NamedTuple

from gitver_hooks.gitfiles.ignore import IgnoreFile
from gitver_hooks.gitfiles.wildmatch import SPECIAL

# How many characters a name has to have in common with another if no separator follows them.
_SHORTEST_PREFIX = 3
# Each pattern is compared with all that git tracks in a folder.
_MOST_TRIED = 8


class IgnoreLine(NamedTuple):
    """One line for the .gitignore in the worktree's root, and a file that it is for.

    ``is_safe``: the line ignores the file, and nothing that git tracks or that is code. Otherwise
    it only describes the files, and is not to be used.
    """

    line: bytes
    path: bytes
    is_safe: bool = True

    def matches(self, path: bytes) -> bool:
        """Whether the line would ignore a file, or a folder that it is in."""
        rules = _rules(self.line)
        end = path.find(b"/")
        while end >= 0:
            folder = path[:end]
            if rules.decide(folder, folder.rpartition(b"/")[2], True):
                return True
            end = path.find(b"/", end + 1)
        return bool(rules.decide(path, path.rpartition(b"/")[2], False))


def is_matched(path: bytes, lines: Iterable[IgnoreLine]) -> bool:
    """Whether one of the lines matches a file."""
    return any(line.matches(path) for line in lines)


@lru_cache(maxsize=16)
def _rules(line: bytes) -> IgnoreFile:
    return IgnoreFile(line)


class Evidence(NamedTuple):
    """The files by which lines are chosen.

    ``generated`` are the files that differed in the last runs, ``written`` all those that an app
    may have written. ``kept`` are the files that no line may match, sorted.
    """

    generated: frozenset[bytes]
    written: frozenset[bytes]
    kept: Sequence[bytes]


def line_for(path: bytes, evidence: Evidence, *, same_name: bool) -> tuple[IgnoreLine, bool]:
    """The line for one of the generated files, and whether there is more evidence than that file.

    A file that each run writes under the ``same_name`` gets a line of its own. For names that
    differ from run to run it is the line of a folder if all of it is generated, else a pattern of
    what the names have in common.
    """
    folder = _generated_folder(path, evidence)
    if folder is not None:
        return IgnoreLine(_rooted(folder) + b"/", path), True
    if same_name:
        return IgnoreLine(_rooted(path), path), True
    unsafe = None
    # Most other names lead to the same few patterns.
    for inside, pattern in islice(dict.fromkeys(_patterns(path, evidence)), _MOST_TRIED):
        line = IgnoreLine(_with_last_space(b"/" + _literal(inside) + pattern), path)
        if _is_harmless(line, inside, evidence):
            return line, True
        unsafe = unsafe or line._replace(is_safe=False)
    if unsafe is not None:
        return unsafe, True
    return IgnoreLine(_rooted(path), path), False


def _generated_folder(path: bytes, evidence: Evidence) -> bytes | None:
    """The highest folder of ``path`` of which everything is generated, and not only this file."""
    end = path.find(b"/")
    while end >= 0:
        inside = path[: end + 1]
        written = [other for other in evidence.written if other.startswith(inside)]
        generated = {other for other in evidence.generated if other.startswith(inside)}
        if len(generated) > 1 and generated.issuperset(written) and not _kept_in(inside, evidence):
            return path[:end]
        end = path.find(b"/", end + 1)
    return None


def _kept_in(inside: bytes, evidence: Evidence) -> Sequence[bytes]:
    """The kept files whose paths begin with ``inside``, which ends with a slash or is empty."""
    if not inside:
        return evidence.kept
    # "0" comes right after "/".
    start, end = inside, inside[:-1] + b"0"
    return evidence.kept[bisect_left(evidence.kept, start) : bisect_left(evidence.kept, end)]


def _patterns(path: bytes, evidence: Evidence) -> Iterator[tuple[bytes, bytes]]:
    """Folders (with a slash) and patterns in them, of ``path`` and other generated files.

    Those of the deepest folder come first.
    """
    end = len(path)
    while end >= 0:
        end = path.rfind(b"/", 0, end)
        inside = path[: end + 1]
        name, slash, _ = path[end + 1 :].partition(b"/")
        suffix = b"" if slash else os.path.splitext(name)[1]
        for other in sorted(evidence.generated):
            other_name, other_slash, _ = other[len(inside) :].partition(b"/")
            if not other.startswith(inside) or other_name == name or other_slash != slash:
                continue
            if slash or os.path.splitext(other_name)[1] == suffix:
                pattern = _common_pattern(name, other_name, suffix)
                if pattern is not None:
                    yield inside, pattern + slash


def _common_pattern(name: bytes, other: bytes, suffix: bytes) -> bytes | None:
    """A pattern of two names that end with ``suffix``; None if they have too little in common."""
    stem, other_stem = name.removesuffix(suffix), other.removesuffix(suffix)
    differences = (
        position
        for position in range(len(stem))
        if stem[position : position + 1] != other_stem[position : position + 1]
    )
    prefix = stem[: next(differences, len(stem))].rstrip(b"0123456789")
    if len(prefix) < _SHORTEST_PREFIX:
        # A random name begins like another by chance.
        while prefix and prefix[-1:].isalnum():
            prefix = prefix[:-1]
    if not prefix and not (_has_digit(stem) and _has_digit(other_stem)):
        return None
    return _literal(prefix) + b"*" + _literal(suffix)


def _is_harmless(line: IgnoreLine, inside: bytes, evidence: Evidence) -> bool:
    """Whether the line, for the folder ``inside``, leaves everything that a person made alone."""
    if any(line.matches(path) for path in _kept_in(inside, evidence)):
        return False
    # A name without a digit was not generated.
    return not any(
        line.matches(path) and not _has_digit(path[len(inside) :])
        for path in evidence.written - evidence.generated
        if path.startswith(inside)
    )


def _has_digit(name: bytes) -> bool:
    return any(byte in b"0123456789" for byte in name)


def _rooted(path: bytes) -> bytes:
    """The line that matches ``path`` alone."""
    return _with_last_space(b"/" + _literal(path))


def _with_last_space(line: bytes) -> bytes:
    """``line`` with a backslash before a space at its end, which git would remove."""
    return line[:-1] + b"\\ " if line.endswith(b" ") else line


def _literal(name: bytes) -> bytes:
    """A pattern for ``name`` that can be printed and copied.

    A question mark stands for each byte of a character that cannot (git compares bytes).
    """
    pattern = b""
    for character in name.decode("utf-8", "surrogateescape"):
        raw = character.encode("utf-8", "surrogateescape")
        if raw in SPECIAL:
            pattern += b"\\" + raw
        elif character.isprintable() and character != "`":
            pattern += raw
        else:
            pattern += b"?" * len(raw)
    return pattern
