"""Compares the names in changed directories with those in the snapshot.

Standard library only, and imported only if some directory has changed.
"""

from __future__ import annotations

import os

from gitver_hooks.common.files import read_small
from gitver_hooks.gitfiles.location import ACTIVE_MODEL_FILE
from gitver_hooks.gitfiles.scope import Scope
from gitver_hooks.handover import snapshot as snapshots
from gitver_hooks.handover.observation import (
    FOLDER,
    GITLINK,
    MISSING,
    NESTED,
    SPECIAL,
    TRACKED_ONLY,
    tag,
    unpack,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from gitver_hooks.gitfiles.ignore import WorktreeIgnoreRules
    from gitver_hooks.handover.snapshot import Snapshot

_ACTIVE_MODEL = os.fsencode(ACTIVE_MODEL_FILE)
_RULE_FILES = (b".git", b".gitignore", b".gitattributes")


class DirectoryNames:
    """The names in the directories of a worktree, compared with those in its snapshot."""

    def __init__(self, root: bytes, snapshot: Snapshot) -> None:
        self._root = root
        self._snapshot = snapshot
        self._directories = snapshot.directories.split(b"\0")
        self._others = snapshots.split_others(snapshot.others)
        self._files = snapshots.split(snapshot.files)
        self._starts = _running_totals(unpack(snapshot.counts))
        self._scope = Scope.decode(snapshot.scope)
        self._levels: WorktreeIgnoreRules | None = None

    @property
    def used_rules(self) -> bool:
        """Whether ignore rules had to be read."""
        return self._levels is not None

    def unless_changed(self, position: int) -> list[bytes] | None:
        """The tagged names in a directory now; None if a change of names may change the version.

        Whether counted files are missing has been checked before.
        """
        path = self._directories[position]
        others = set(snapshots.split(self._others[position]))
        present = self._present(position, others)
        if any(
            tagged not in others and self._counts(position, path, tagged, others)
            for tagged in present
        ):
            return None
        submodules = {tagged for tagged in others if tagged.startswith(GITLINK)}
        return present if submodules <= set(present) else None

    def _present(self, position: int, others: set[bytes]) -> list[bytes]:
        """The tagged names in a directory, without its counted files."""
        path, files = self._directories[position], self._counted(position)
        present = []
        with os.scandir(self._root + b"/" + path if path else self._root) as listing:
            for entry in listing:
                name = entry.name
                if name in files or self._is_ours(path, name):
                    continue
                tagged = tag(entry) + name
                is_submodule = tagged.startswith(FOLDER) and GITLINK + name in others
                present.append(GITLINK + name if is_submodule else tagged)
        return present

    def _is_ours(self, path: bytes, name: bytes) -> bool:
        """Whether a name never counts: the repository, or the active-model file of the app."""
        if name == _ACTIVE_MODEL:
            return path == self._scope.folder
        return not path and name == b".git"

    def _counts(self, position: int, path: bytes, tagged: bytes, others: set[bytes]) -> bool:
        """Whether a name that was not there before may change the version."""
        kind, name = self._snapshot.kinds[position : position + 1], tagged[1:]
        if tagged.startswith(SPECIAL):
            return False
        # A tracked file that was missing is back, or something else is in its place.
        if MISSING + name in others or GITLINK + name in others:
            return True
        if name in _RULE_FILES or kind == NESTED:
            return True
        full = path + b"/" + name if path else name
        if kind == TRACKED_ONLY or not self._scope.touches(full, tagged.startswith(FOLDER)):
            return False
        return not self._rules().ignores(path, full, name, tagged.startswith(FOLDER))

    def _counted(self, position: int) -> set[bytes]:
        """The names of the counted files in a directory."""
        path = self._directories[position]
        skip = len(path) + 1 if path else 0
        start, end = self._starts[position : position + 2]
        return {file[skip:] for file in self._files[start:end]}

    def _rules(self) -> WorktreeIgnoreRules:
        """The ignore rules; their files are unchanged, which was checked before."""
        if self._levels is None:
            # Imported here because most changes are to names that were there before.
            from gitver_hooks.gitfiles.ignore import WorktreeIgnoreRules, base_rules

            exclude, excludes, fold = self._snapshot.ignore_rules.split(b"\0")
            base, _ = base_rules(os.fsdecode(exclude), os.fsdecode(excludes), fold == b"1")
            self._levels = WorktreeIgnoreRules(base, self._read_ignore_file)
        return self._levels

    def _read_ignore_file(self, directory: bytes) -> bytes | None:
        prefix = directory + b"/" if directory else b""
        return read_small(self._root + b"/" + prefix + b".gitignore", follow=False)


def _running_totals(counts: Iterable[int]) -> list[int]:
    totals = [0]
    for count in counts:
        totals.append(totals[-1] + count)
    return totals
