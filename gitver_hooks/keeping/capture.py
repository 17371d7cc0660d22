"""Sets aside the files of a dirty version while it is being recorded."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import NamedTuple

from gitver_hooks.common.errors import GitverError
from gitver_hooks.gitfiles.index import GITLINK_MODE
from gitver_hooks.handover.log import log
from gitver_hooks.keeping.captured import (
    CapturedFile,
    CapturedWorktree,
    Contents,
    is_captured,
    write_captured,
)
from gitver_hooks.keeping.kept_refs import check_ref_storage, note_recorded_again
from gitver_hooks.keeping.kept_version import LARGE, MISSING, SECRET, Submodule
from gitver_hooks.repository.repository import Repository
from gitver_hooks.settings import Settings
from gitver_hooks.version.identify import Identified, version_id_of
from gitver_hooks.version.secret_names import has_secret_name
from gitver_hooks.worktree.content import Change, Content, Entry, read_new_blob

# How much of one version is kept at most, as a multiple of the setting keep_limit.
_LIMITS_PER_VERSION = 10


def capture(
    repository: Repository, identified: Identified, settings: Settings, model_name: str
) -> None:
    """Set aside the code of an identified version, unless it is clean or ``keep`` is off.

    Files whose name is common for secrets and files that are too large are not even read. A failure
    is a line in the log: the version is recorded all the same.
    """
    version = identified.version
    if not version.dirty or settings.keep == "off":
        return
    try:
        check_ref_storage(repository.location)
        root = _Worktree(repository.location.worktree, version.id, identified.content)
        worktrees = _Capturing(repository, settings, model_name).worktrees(root)
        write_captured(repository.location, version.id, worktrees)
    except (GitverError, OSError) as error:
        log(repository.location, f"the code of {version.id} is not kept: {error}", error)


def capture_again(
    repository: Repository, identified: Identified, settings: Settings, model_name: str
) -> bool:
    """Set aside a known version that is not kept any more, as after pruning.

    Returns whether it was set aside.
    """
    location, version = repository.location, identified.version
    if not version.dirty or settings.keep == "off":
        return False
    # In this order: a keeper notes what it has kept before it removes what was captured.
    if is_captured(location, version.id) or note_recorded_again(location, version.id):
        return False
    capture(repository, identified, settings, model_name)
    return is_captured(location, version.id)


class _Worktree(NamedTuple):
    folder: str
    version: str
    content: Content


class _Capturing:
    """Captures a worktree and its dirty submodules, which share one limit."""

    def __init__(self, repository: Repository, settings: Settings, model_name: str) -> None:
        self._repository = repository
        self._settings = settings
        self._model_name = model_name
        self._available = settings.keep_limit * _LIMITS_PER_VERSION

    def worktrees(self, root: _Worktree) -> Iterator[tuple[CapturedWorktree, Contents]]:
        """The worktree at ``root``, after the dirty submodules in it."""
        modules = []
        for path, content in root.content.submodules:
            folder = os.path.join(root.folder, os.fsdecode(path))
            module = _Worktree(folder, version_id_of(content), content)
            yield from self.worktrees(module)
            modules.append(Submodule(module.version, path))
        yield self._described(root, modules), self._contents(root)

    def _described(self, root: _Worktree, modules: list[Submodule]) -> CapturedWorktree:
        content = root.content
        return CapturedWorktree(
            worktree=root.folder,
            version=root.version,
            commit=content.commit,
            tree=content.tree,
            head_tree=content.head_tree,
            model_name=self._model_name,
            share=self._settings.keep == "push",
            removed=tuple(change.path for change in content.changes if change.new is None),
            links=tuple(
                (change.path, new.id.decode("ascii"))
                for change in content.changes
                if (new := change.new) is not None and new.mode == GITLINK_MODE
            ),
            submodules=tuple(modules),
        )

    def _contents(self, root: _Worktree) -> Contents:
        """The files, the smallest first, so that data does not displace source code."""
        for size, change, new in _by_size(root):
            file = CapturedFile(change.path, new.mode, new.id.decode("ascii"), size)
            reason = self._reason(change, size)
            blob = b"" if reason else self._read(root.content, change)
            if blob is None:
                reason, blob = MISSING, b""
            if not reason:
                self._available -= size
                file = file._replace(size=len(blob))
            yield file._replace(reason=reason), blob

    def _reason(self, change: Change, size: int) -> str:
        """Why a file is not even read; empty if it is."""
        if has_secret_name(change.path.decode("utf-8", "replace"), self._settings.secrets):
            return SECRET
        # Git tracks files of any size because somebody has decided so.
        is_untracked = change.old is None
        too_large = size > self._available or (is_untracked and size > self._settings.keep_limit)
        return LARGE if too_large else ""

    def _read(self, content: Content, change: Change) -> bytes | None:
        """The blob that was identified; None, with a line in the log, if it is gone."""
        try:
            return read_new_blob(content, change)
        except GitverError as error:
            log(self._repository.location, f"a version is kept without a file: {error}")
            return None


def _by_size(root: _Worktree) -> list[tuple[int, Change, Entry]]:
    sized = [
        (_size(root.folder, change.path), change, change.new)
        for change in root.content.changes
        if change.new is not None and change.new.mode != GITLINK_MODE
    ]
    return sorted(sized, key=lambda item: (item[0], item[1].path))


def _size(folder: str, path: bytes) -> int:
    """The size of a file in bytes; 0 if it is not in the worktree, but only in the index."""
    try:
        return os.lstat(os.fsencode(folder) + b"/" + path).st_size
    except OSError:
        return 0
