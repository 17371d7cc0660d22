"""Ignore rules on the way down through a worktree: a folder's are read once they are needed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from gitver_hooks.common.files import read_small
from gitver_hooks.gitfiles.ignore import Ignore
from gitver_hooks.gitfiles.index import SKIP_WORKTREE, Index
from gitver_hooks.handover.observation import Observation


@dataclass
class Level:
    """A folder on the way down, and its ignore rules once they were needed."""

    path: bytes
    above: Level | None
    has_rules: bool = False
    rules: Ignore | None = None


class Levels:
    """The rules in every folder of the worktree at ``root``; ``top`` are those of no folder.

    ``read_blob`` gives the content of a blob by its raw id: a rule file that a sparse checkout
    leaves out still rules.
    """

    def __init__(
        self,
        root: bytes,
        index: Index,
        top: Ignore,
        observation: Observation,
        read_blob: Callable[[bytes], bytes | None],
    ) -> None:
        self._root = root
        self._index = index
        self._top = top
        self._observation = observation
        self._read_blob = read_blob

    def ignores(self, level: Level, path: bytes, name: bytes, is_directory: bool) -> bool:
        """Whether git ignores an untracked ``path`` in the folder of ``level``."""
        return self._rules_in(level).ignores(path, name, is_directory)

    def _rules_in(self, level: Level) -> Ignore:
        unresolved = []
        at: Level | None = level
        while at is not None and at.rules is None:
            unresolved.append(at)
            at = at.above
        rules = self._top if at is None or at.rules is None else at.rules
        for one in reversed(unresolved):
            name = one.path.rpartition(b"/")[2]
            if one.path and rules.ignores(one.path, name, True):
                rules = rules.inside_excluded()
            elif one.has_rules:
                rules = rules.below(one.path, self.read_rule_file(one.path, b".gitignore"))
            one.rules = rules
        return rules

    def read_rule_file(self, directory: bytes, name: bytes) -> bytes | None:
        """The text of a .gitignore or .gitattributes, observed where it is not a tracked file."""
        path = directory + b"/" + name if directory else name
        full = self._root + b"/" + path
        text = read_small(full, follow=False)
        record = self._index.entries.get(path)
        if record is None:
            self._observation.contents[full] = text
        elif text is None and self._index.flags(record)[1] & SKIP_WORKTREE:
            self._observation.rules_on_disk = False
            return self._read_blob(self._index.id(record))
        return text
