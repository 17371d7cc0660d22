"""Reads one worktree, and those nested in it, into one observation."""

from __future__ import annotations

import hashlib
import os
from typing import NamedTuple

from gitver_hooks.common.files import read_small
from gitver_hooks.gitfiles import index as index_file
from gitver_hooks.gitfiles.index import GITLINK_MODE, TREE_MODE
from gitver_hooks.gitfiles.ownership import check_ownership
from gitver_hooks.gitfiles.scope import EVERYTHING, Scope
from gitver_hooks.handover.observation import Observation
from gitver_hooks.repository.repository import Repository, open_repository
from gitver_hooks.worktree import nested
from gitver_hooks.worktree.blob import Blobs
from gitver_hooks.worktree.blob_reader import BlobReader
from gitver_hooks.worktree.case_folding import CaseFolding
from gitver_hooks.worktree.checkout import Checkout
from gitver_hooks.worktree.file_check import FileCheck, FileModes, Findings
from gitver_hooks.worktree.filters import Filters
from gitver_hooks.worktree.head import HeadTree, pin_head
from gitver_hooks.worktree.objects import Objects, pin_replacements
from gitver_hooks.worktree.observed_index import read_observed_index
from gitver_hooks.worktree.restricted_tree import unfold_partly
from gitver_hooks.worktree.rule_files import RuleFiles
from gitver_hooks.worktree.tree import Change, Tree, differences
from gitver_hooks.worktree.verification import verify_conversion, verify_staged
from gitver_hooks.worktree.walk import ACTIVE_MODEL, Walk, WalkRules


class Reading(NamedTuple):
    """The content of a worktree as it was read, see ``content.Content``.

    ``changed_meanwhile``: it changed during the reading.
    """

    tree: str
    head_tree: str | None
    commit: str | None
    changes: tuple[Change, ...]
    submodules: tuple[tuple[bytes, Reading], ...]
    blobs: BlobReader
    changed_meanwhile: bool

    @property
    def dirty(self) -> bool:
        """Whether the content differs from HEAD's."""
        return bool(self.submodules) or self.tree != self.head_tree

    @property
    def digest(self) -> str:
        """A SHA-256 over the tree and the digests of dirty submodules, in hex."""
        digest = hashlib.sha256(f"tree {self.tree}\n".encode("ascii"))
        for path, inner in self.submodules:
            digest.update(b"submodule %d %b %b\n" % (len(path), path, inner.digest.encode("ascii")))
        return digest.hexdigest()


class WorktreeReader:
    """Reads the worktree of one repository; see ``read``.

    ``prefix`` is its path in the outermost worktree, with a slash; empty for that one itself.
    """

    def __init__(
        self,
        repository: Repository,
        observation: Observation,
        *,
        untracked: bool,
        scope: Scope = EVERYTHING,
        prefix: bytes = b"",
    ) -> None:
        self._repository = repository
        self._observation = observation
        self._untracked = untracked
        self._scope = scope
        self._prefix = prefix
        self._root = os.fsencode(repository.location.worktree)
        self._findings = Findings()
        self._submodules: dict[bytes, Reading] = {}
        pin_head(observation, repository.location)
        pin_replacements(observation, repository.location.common_dir)
        self._whole_index, self._index = read_observed_index(repository, scope, observation)
        self._objects = Objects(repository, self._whole_index, scope)
        unfold_partly(self._index, scope, self._objects.tree)
        if self._objects.replacements:
            # Git caches the ids of the replaced trees, not of their replacements.
            self._index.trees.clear()
        self._head = HeadTree(self._objects.head_tree(), self._objects.tree)

    def read(self) -> Reading:
        """Read the worktree. Raises GitverError if something that counts cannot be read."""
        rule_files = RuleFiles(
            self._repository,
            self._whole_index,
            self._scope,
            self._objects,
            self._observation,
            self._findings,
        )
        # `git status` never runs the smudge filters of a submodule.
        filters = Filters(
            self._repository.configuration,
            self._repository.location.worktree,
            may_smudge=not self._prefix,
        )
        conversion = rule_files.conversion(filters)
        blobs = Blobs(
            conversion,
            Checkout(filters, self._repository.algorithm),
            self._objects,
            self._head_blob,
            self._repository.algorithm,
        )
        files = FileCheck(
            self._root, self._index, blobs, self._modes(), self._observation, self._findings
        )
        walk = Walk(
            self._root,
            self._index,
            self._rules(rule_files),
            files,
            self._observation,
            self._findings,
        )
        walk.run()
        # Nested repositories come last: one without a commit extends the walk.
        while self._findings.nested:
            self._nested(self._findings.nested.pop(), walk)
        verify_staged(self._findings, self._index, self._head, conversion, files)
        verify_conversion(self._findings, conversion, files, self._repository.location.state_dir)
        self._keep_active_model()
        return self._reading(BlobReader(self._root, self._objects, blobs))

    def _reading(self, blobs: BlobReader) -> Reading:
        head_tree = self._head.tree_id(b"")
        tree = Tree(self._index, self._findings.changes, self._repository.algorithm)
        changes: list[Change] = []
        if tree.id != head_tree:
            changes = sorted(
                differences(tree, head_tree, self._objects.tree), key=lambda change: change.path
            )
        return Reading(
            tree=tree.id.hex(),
            head_tree=None if head_tree is None else head_tree.hex(),
            commit=self._repository.head_commit(),
            changes=tuple(changes),
            submodules=tuple(sorted(self._submodules.items(), key=lambda item: item[0])),
            blobs=blobs,
            changed_meanwhile=self._findings.changed_meanwhile,
        )

    def _modes(self) -> FileModes:
        configuration = self._repository.configuration
        return FileModes(
            executable=configuration.flag((b"core",), b"fileMode", True),
            symlinks=configuration.flag((b"core",), b"symlinks", True),
        )

    def _rules(self, rule_files: RuleFiles) -> WalkRules:
        index = self._index
        ignore_case = self._repository.configuration.flag((b"core",), b"ignoreCase", False)
        return WalkRules(
            ignore=rule_files.ignore_rules(outermost=not self._prefix),
            read_tree=self._objects.tree,
            is_repository=lambda path: nested.location_of(self._root + b"/" + path) is not None,
            scope=self._scope,
            untracked=self._untracked,
            prefix=self._prefix,
            active_model_file=self._active_model_file(),
            folding=CaseFolding((*index.entries, *index.unmerged)) if ignore_case else None,
        )

    def _head_blob(self, path: bytes) -> bytes | None:
        entry = self._head.entry(path)
        is_blob = entry is not None and entry[0] not in (TREE_MODE, GITLINK_MODE)
        return entry[1] if entry is not None and is_blob else None

    def _nested(self, path: bytes, walk: Walk) -> None:
        full = self._root + b"/" + path
        location = nested.location_of(full)
        self._observation.contents[full + b"/.git"] = read_small(full + b"/.git")
        # An empty folder may become a repository whose .git is a folder.
        self._observation.contents[full + b"/.git/HEAD"] = read_small(full + b"/.git/HEAD")
        if location is None:
            return
        is_submodule = any(
            index_file.mode(record) == GITLINK_MODE for record in self._index.records(path)
        )
        if is_submodule:
            check_ownership(location.worktree, location.git_dir, self._repository.environment)
            with open_repository(location, self._repository.environment) as repository:
                self._submodule(path, repository)
            return
        pin_head(self._observation, location)
        commit = nested.unregistered_head(location)
        if commit is not None:
            self._link(path, commit)
        elif not self._index.records(path):
            walk.enter(path)

    def _submodule(self, path: bytes, repository: Repository) -> None:
        reader = WorktreeReader(
            repository,
            self._observation,
            untracked=self._untracked,
            prefix=self._prefix + path + b"/",
        )
        commit = repository.head_commit()
        if commit is None:
            return
        self._link(path, bytes.fromhex(commit))
        reading = reader.read()
        self._findings.changed_meanwhile |= reading.changed_meanwhile
        if reading.dirty:
            self._submodules[path] = reading

    def _link(self, path: bytes, commit: bytes) -> None:
        record = self._index.entries.get(path)
        if record is None or (index_file.mode(record), self._index.id(record)) != (
            GITLINK_MODE,
            commit,
        ):
            self._findings.changes[path] = (GITLINK_MODE, commit)

    def _active_model_file(self) -> bytes:
        """The path of the app's active-model file from the root of the outermost worktree."""
        return os.path.join(os.fsencode(self._repository.location.app), ACTIVE_MODEL)

    def _keep_active_model(self) -> None:
        """The active-model file never counts, even if it is tracked: it stays as HEAD has it."""
        if self._prefix:
            return
        path = self._active_model_file()
        folder = path.rpartition(b"/")[0]
        staged = self._index.entries.get(path)
        tree = self._index.trees.get(folder)
        if staged is None and tree is not None and tree == self._head.tree_id(folder):
            return
        if os.path.isdir(self._root + b"/" + path):
            # A directory of that name is not ours, and counts like any other.
            return
        held = self._head.entry(path)
        if held is not None and held[0] == TREE_MODE:
            held = None
        if held is not None or staged is not None:
            self._findings.changes[path] = held
