"""Decides which untracked files git ignores (standard library only).

The rules are those of gitignore(5), tested against ``git check-ignore``.
"""

from __future__ import annotations

import re
from functools import lru_cache

from gitver_hooks.common.files import read_small
from gitver_hooks.gitfiles.levels import inherited
from gitver_hooks.gitfiles.wildmatch import Pattern

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

# The database and the files that SQLite creates beside it (sqlite.org/tempfiles.html).
SQLITE_SUFFIXES = (b"", b"-journal", b"-wal", b"-shm")
_STORE_FILES = tuple(b"mlflow.db" + suffix for suffix in SQLITE_SUFFIXES)
_LOCAL_FOLDERS = (b"mlruns", b"mlartifacts")
# Our own and MLflow's local files, which are never part of a version, in whichever folder an app is
# started. info/exclude lists those in the root.
LOCAL_PATTERNS = (
    b".mlflow-active-model",
    *_STORE_FILES,
    *(folder + b"/" for folder in _LOCAL_FOLDERS),
)


def is_local_folder(name: bytes) -> bool:
    """Whether a folder of this name is MLflow's own."""
    return name in _LOCAL_FOLDERS


def is_local_name(name: bytes) -> bool:
    """Whether a file of this name is MLflow's embedded store, or one of SQLite's beside it."""
    return name in _STORE_FILES


def is_local(path: bytes) -> bool:
    """Whether ``path`` is one of MLflow's own files; these do not count even when tracked."""
    folder, _, name = path.rpartition(b"/")
    return is_local_name(name) or (
        b"ml" in folder and any(is_local_folder(part) for part in folder.split(b"/"))
    )


class IgnoreFile:
    """The patterns of one file, for paths relative to its folder; the last match wins."""

    __slots__ = ("_fold", "_names", "_paths", "_patterns")

    def __init__(self, text: bytes, ignore_case: bool = False) -> None:
        self._fold = ignore_case
        patterns = [Pattern(line, ignore_case) for line in pattern_lines(text)]
        # One expression for all patterns quickly shows that none matches, the common case.
        self._names = _any(p.source for p in patterns if p.matches_name)
        self._paths = _any(p.source for p in patterns if not p.matches_name)
        self._patterns = [(p, re.compile(p.source)) for p in reversed(patterns)]

    def decide(self, path: bytes, name: bytes, is_directory: bool) -> bool | None:
        """Whether the rules ignore ``path``, whose last component is ``name``; None: no match."""
        if self._fold:
            path, name = path.lower(), name.lower()
        if not (
            (self._names is not None and self._names.fullmatch(name))
            or (self._paths is not None and self._paths.fullmatch(path))
        ):
            return None
        for pattern, expression in self._patterns:
            if pattern.only_folders and not is_directory:
                continue
            if expression.fullmatch(name if pattern.matches_name else path):
                return not pattern.is_negated
        return None


def _any(sources: Iterable[bytes]) -> re.Pattern[bytes] | None:
    joined = b"|".join(b"(?:" + source + b")" for source in sources)
    return re.compile(joined) if joined else None


def pattern_lines(text: bytes) -> list[bytes]:
    """The patterns in a rule file: no comments, trailing spaces or byte order mark."""
    lines = []
    for line in text.removeprefix(b"\xef\xbb\xbf").split(b"\n"):
        line = line.removesuffix(b"\r").split(b"\0")[0]
        if not line.startswith(b"#"):
            line = _trim(line)
            if line:
                lines.append(line)
    return lines


def _trim(line: bytes) -> bytes:
    """Remove trailing spaces, except those escaped by a backslash."""
    end = position = 0
    while position < len(line):
        if line[position] == 0x5C:
            if position + 1 == len(line):
                return line
            position += 1
            end = position + 1
        elif line[position] != 0x20:
            end = position + 1
        position += 1
    return line[:end]


class IgnoreRules:
    """The rules in effect in one directory: its own, those above it, and the global ones.

    ``is_excluded``: the directory itself is ignored, and so is everything untracked in it.
    """

    __slots__ = ("_levels", "ignore_case", "is_excluded")

    def __init__(
        self,
        levels: tuple[tuple[int, IgnoreFile], ...] = (),
        is_excluded: bool = False,
        ignore_case: bool = False,
    ) -> None:
        # Each level with the length of its folder's path, the highest precedence first.
        self._levels = levels
        self.is_excluded = is_excluded
        self.ignore_case = ignore_case

    def ignores(self, path: bytes, name: bytes, is_directory: bool) -> bool:
        """Whether an untracked ``path`` (from the worktree's root) in this directory is ignored."""
        if self.is_excluded:
            return True
        for length, rules in self._levels:
            decision = rules.decide(path[length:], name, is_directory)
            if decision is not None:
                return decision
        return False

    def below(self, path: bytes, text: bytes | None) -> IgnoreRules:
        """The rules in the directory ``path``, whose .gitignore contains ``text``."""
        if text is None:
            return self
        levels = ((len(path) + 1 if path else 0, IgnoreFile(text, self.ignore_case)), *self._levels)
        return IgnoreRules(levels, self.is_excluded, self.ignore_case)

    def inside_excluded(self) -> IgnoreRules:
        """The rules inside a directory that is itself ignored."""
        if self.is_excluded:
            return self
        return IgnoreRules(is_excluded=True, ignore_case=self.ignore_case)


class WorktreeIgnoreRules:
    """The rules in every directory of a worktree, read when they are first needed.

    ``base`` are the rules that come from outside the worktree. ``read_rules(directory)`` returns
    the content of the directory's .gitignore, or None.
    """

    def __init__(self, base: IgnoreRules, read_rules: Callable[[bytes], bytes | None]) -> None:
        self._base = base
        self._read_rules = read_rules
        self._by_directory: dict[bytes, IgnoreRules] = {}

    def ignores(self, directory: bytes, path: bytes, name: bytes, is_directory: bool) -> bool:
        """Whether git ignores an untracked ``path``, which is ``name`` in ``directory``."""
        rules = self._by_directory.get(directory)
        if rules is None:
            rules = inherited(directory, self._by_directory, self._base, self._extend)
        return rules.ignores(path, name, is_directory)

    def _extend(self, directory: bytes, above: IgnoreRules) -> IgnoreRules:
        if directory and above.ignores(directory, directory.rpartition(b"/")[2], True):
            return above.inside_excluded()
        return above.below(directory, self._read_rules(directory))


@lru_cache(maxsize=4)
def _rules(text: bytes, ignore_case: bool) -> IgnoreFile:
    """The rules of a file outside the worktree, parsed once for all apps in it."""
    return IgnoreFile(text, ignore_case)


def base_rules(
    exclude_file: str, excludes_file: str, ignore_case: bool
) -> tuple[IgnoreRules, dict[str, bytes | None]]:
    """The rules from outside the worktree, and the content of the files they come from.

    info/exclude takes precedence over core.excludesFile.
    """
    texts = {path: read_small(path) for path in (excludes_file, exclude_file)}
    exclude = b"\n".join((*LOCAL_PATTERNS, texts[exclude_file] or b""))
    levels = [(0, _rules(exclude, ignore_case))]
    text = texts[excludes_file]
    if text is not None:
        levels.append((0, _rules(text, ignore_case)))
    return IgnoreRules(tuple(levels), ignore_case=ignore_case), texts
