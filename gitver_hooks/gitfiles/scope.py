"""Decides which paths of a worktree make up an app (standard library only).

The patterns are those of gitignore(5), read as git reads those of a sparse checkout
(git-sparse-checkout(1), "full pattern set"): the last pattern that matches a path decides, and a
path that none matches goes with its folder. So ``!src/vendored/`` leaves out a part of ``src/``.
"""

from __future__ import annotations

from gitver_hooks.gitfiles.levels import inherited

TYPE_CHECKING = False
if TYPE_CHECKING:
    import re
    from collections.abc import Iterable

    from gitver_hooks.gitfiles.wildmatch import Pattern

# How much of a folder counts.
ALL, SOME, NONE = "all", "some", "none"


class Scope:
    """The paths that count for an app whose folder is ``folder``, a path from the worktree's root.

    ``patterns`` that begin with a slash are relative to the worktree's root, all others to the
    folder. Without a pattern that selects something, the whole folder is selected to begin with.
    Names are compared byte for byte on every machine, whatever core.ignoreCase says: a version must
    not depend on where it is computed.
    """

    __slots__ = ("_parts", "_rules", "_selected", "_starts_selected", "folder", "patterns")

    def __init__(self, folder: bytes = b"", patterns: Iterable[bytes] = ()) -> None:
        self.folder = folder
        self.patterns = tuple(patterns)
        self._rules: list[_Rule] | None = None
        self._starts_selected = not folder and not any(map(_selects, self.patterns))
        self._selected: dict[bytes, bool] = {}
        self._parts: dict[bytes, str] = {}

    @property
    def is_everything(self) -> bool:
        """Whether all paths of the worktree count."""
        return not self.folder and not self.patterns

    def of_folder(self, folder: bytes) -> str:
        """How much of the content of ``folder`` counts: ALL, SOME or NONE."""
        part = self._parts.get(folder)
        if part is None:
            part = self._parts[folder] = self._of_folder(folder)
        return part

    def counts(self, path: bytes, *, is_folder: bool = False) -> bool:
        """Whether a file counts; with ``is_folder``, a submodule or a nested repository."""
        folder, _, name = path.rpartition(b"/")
        part = self.of_folder(folder)
        return self._decide(path, name, is_folder, folder) if part == SOME else part == ALL

    def touches(self, path: bytes, is_folder: bool) -> bool:
        """Whether a file counts; for a folder, whether anything in it counts or would."""
        return self.of_folder(path) != NONE if is_folder else self.counts(path)

    def encode(self) -> bytes:
        """The text form, which ``decode`` reads back; empty if everything counts."""
        return b"" if self.is_everything else b"\0".join((self.folder, *self.patterns))

    @classmethod
    def decode(cls, text: bytes) -> Scope:
        """The scope that ``encode`` wrote."""
        folder, *patterns = text.split(b"\0")
        return cls(folder, patterns)

    def _of_folder(self, folder: bytes) -> str:
        if self.is_everything:
            return ALL
        if folder:
            # If nothing below decides otherwise, a folder goes with the one above.
            above = self.of_folder(folder.rpartition(b"/")[0])
            if above != SOME:
                return above
        selected = self._is_selected(folder)
        if any(
            rule.pattern.is_negated == selected and rule.reaches_below(folder)
            for rule in self._compiled()
        ):
            return SOME
        return ALL if selected else NONE

    def _is_selected(self, folder: bytes) -> bool:
        return inherited(folder, self._selected, self._starts_selected, self._extend)

    def _extend(self, folder: bytes, above: bool) -> bool:
        if not folder:
            return above
        decision = self._matched(folder, folder.rpartition(b"/")[2], True)
        return above if decision is None else decision

    def _decide(self, path: bytes, name: bytes, is_folder: bool, folder: bytes) -> bool:
        decision = self._matched(path, name, is_folder)
        return self._is_selected(folder) if decision is None else decision

    def _matched(self, path: bytes, name: bytes, is_folder: bool) -> bool | None:
        """Whether the last pattern that matches selects the path; None if none matches."""
        for rule in self._compiled():
            if rule.matches(path, name, is_folder):
                return not rule.pattern.is_negated
        return None

    def _compiled(self) -> list[_Rule]:
        """The rules, the last one first."""
        if self._rules is None:
            self._rules = [_Rule(line) for line in reversed(self._lines())]
        return self._rules

    def _lines(self) -> list[bytes]:
        """The patterns, all of them relative to the worktree's root."""
        lines = [_from_root(pattern, self.folder) for pattern in self.patterns]
        if self.folder and not any(map(_selects, self.patterns)):
            lines.insert(0, b"/" + _literal(self.folder) + b"/")
        return lines


def unmatched(scope: Scope, paths: Iterable[bytes]) -> list[bytes]:
    """The patterns of ``scope`` that match none of ``paths``, nor a folder that one is in.

    A folder among the paths ends with a slash.
    """
    waiting = {pattern: _Rule(_from_root(pattern, scope.folder)) for pattern in scope.patterns}
    folders: set[bytes] = set()
    for path in paths:
        if not path.endswith(b"/"):
            _remove_matching(waiting, path, False)
        folder = path.rpartition(b"/")[0]
        while folder and folder not in folders:
            folders.add(folder)
            _remove_matching(waiting, folder, True)
            folder = folder.rpartition(b"/")[0]
    return list(waiting)


def _remove_matching(waiting: dict[bytes, _Rule], path: bytes, is_folder: bool) -> None:
    name = path.rpartition(b"/")[2]
    for pattern in [p for p, rule in waiting.items() if rule.matches(path, name, is_folder)]:
        del waiting[pattern]


class _Rule:
    """One pattern, relative to the worktree's root, ready to be matched."""

    __slots__ = ("_components", "_expression", "pattern")

    def __init__(self, line: bytes) -> None:
        # Imported here: most app starts match no path against the scope.
        import re

        from gitver_hooks.gitfiles.wildmatch import Pattern

        self.pattern: Pattern = Pattern(line)
        self._expression: re.Pattern[bytes] = re.compile(self.pattern.source)
        self._components = line.removeprefix(b"!").strip(b"/").split(b"/")

    def matches(self, path: bytes, name: bytes, is_folder: bool) -> bool:
        pattern = self.pattern
        if pattern.only_folders and not is_folder:
            return False
        return self._expression.fullmatch(name if pattern.matches_name else path) is not None

    def reaches_below(self, folder: bytes) -> bool:
        """Whether the pattern may match something in ``folder`` or below it."""
        if self.pattern.matches_name or not folder:
            return True
        above = folder.split(b"/")
        for part, name in zip(self._components, above, strict=False):
            if b"**" in part or b"[" in part or b"\\" in part:
                # A bracket may contain a slash, and two stars cross them.
                return True
            if b"*" not in part and b"?" not in part and part != name:
                return False
        return len(self._components) > len(above)


def _selects(pattern: bytes) -> bool:
    return not pattern.startswith(b"!")


def _from_root(pattern: bytes, folder: bytes) -> bytes:
    """``pattern``, which is relative to ``folder`` unless it begins with a slash, from the root."""
    sign, body = (b"!", pattern[1:]) if pattern.startswith(b"!") else (b"", pattern)
    if not folder or body.startswith(b"/"):
        return sign + body
    # As in gitignore(5): only a slash that is not the last character ties a pattern to one level.
    anywhere = b"" if b"/" in body[:-1] else b"**/"
    return sign + b"/" + _literal(folder) + b"/" + anywhere + body


def _literal(path: bytes) -> bytes:
    # Imported here, as in _Rule.
    from gitver_hooks.gitfiles.wildmatch import literal_pattern

    return literal_pattern(path)


EVERYTHING = Scope()
