"""Reads and observes the files that say what git ignores and converts in one worktree."""

from __future__ import annotations

import os
import stat

from gitver_hooks.common.files import read_small
from gitver_hooks.gitfiles import index as index_file
from gitver_hooks.gitfiles.ignore import IgnoreRules, WorktreeIgnoreRules, base_rules
from gitver_hooks.gitfiles.index import SKIP_WORKTREE, Index
from gitver_hooks.gitfiles.protected_config import xdg_file
from gitver_hooks.gitfiles.scope import Scope
from gitver_hooks.handover.observation import Observation
from gitver_hooks.repository.repository import Repository
from gitver_hooks.worktree.conversion import Conversion
from gitver_hooks.worktree.file_check import Findings
from gitver_hooks.worktree.filters import Filters
from gitver_hooks.worktree.objects import Objects


class RuleFiles:
    """Makes the ignore and conversion rules of one worktree, and records what they come from.

    ``index`` is the whole index: rule files outside of ``scope`` apply as well.
    """

    def __init__(
        self,
        repository: Repository,
        index: Index,
        scope: Scope,
        objects: Objects,
        observation: Observation,
        findings: Findings,
    ) -> None:
        self._repository = repository
        self._index = index
        self._scope = scope
        self._objects = objects
        self._observation = observation
        self._findings = findings
        self._root = os.fsencode(repository.location.worktree)
        self._remember(repository.configuration.files)

    def ignore_rules(self, *, outermost: bool) -> WorktreeIgnoreRules:
        """The ignore rules; those of the outermost worktree are needed for its snapshot."""
        base, exclude, excludes = self._base_rules()
        if outermost:
            self._observation.ignore_rules = (exclude, excludes, base.ignore_case)
        return WorktreeIgnoreRules(base, self._read_ignore_file)

    def conversion(self, filters: Filters) -> Conversion:
        """The conversion rules."""
        repository = self._repository
        conversion = Conversion(
            repository.configuration,
            repository.location.common_dir,
            filters,
            repository.environment,
            self._read_attributes_file,
            self._read_stored,
        )
        self._remember(conversion.files)
        return conversion

    def _base_rules(self) -> tuple[IgnoreRules, bytes, bytes]:
        """The rules from outside the worktree, and the paths of their two files."""
        repository = self._repository
        configuration = repository.configuration
        exclude = os.path.join(repository.location.common_dir, "info", "exclude")
        named = configuration.path((b"core",), b"excludesFile")
        excludes = xdg_file("ignore", repository.environment) if named is None else named
        ignore_case = configuration.flag((b"core",), b"ignoreCase", False)
        base, texts = base_rules(exclude, excludes, ignore_case)
        self._remember(texts)
        return base, os.fsencode(exclude), os.fsencode(excludes)

    def _read_ignore_file(self, directory: bytes) -> bytes | None:
        if directory not in self._findings.ignore_files:
            return None
        return self._read(directory, b".gitignore")

    def _read_attributes_file(self, directory: bytes) -> bytes | None:
        return self._read(directory, b".gitattributes")

    def _read(self, directory: bytes, name: bytes) -> bytes | None:
        """The content of a rule file, observed unless it is a tracked file that counts.

        A rule file that a sparse checkout leaves out still applies.
        """
        path = directory + b"/" + name if directory else name
        full = self._root + b"/" + path
        text = read_small(full, follow=False)
        record = self._index.entries.get(path)
        if record is None or not self._scope.counts(path):
            self._observation.contents[full] = text
        if record is None:
            return text
        if text is None and self._index.flags(record)[1] & SKIP_WORKTREE:
            self._observation.rules_on_disk = False
            return self._objects.required_blob(self._index.id(record))
        return text

    def _read_stored(self, path: bytes) -> bytes | None:
        """The content that the index has for a file, in a conflict for our side of it."""
        index = self._index
        record = index.entries.get(path) or index.unmerged.get(path, {}).get(2)
        if record is None or stat.S_IFMT(index_file.mode(record)) != stat.S_IFREG:
            return None
        return self._objects.blob(index.id(record))

    def _remember(self, texts: dict[str, bytes | None]) -> None:
        for path, text in texts.items():
            self._observation.contents[os.fsencode(path)] = text
