"""Resolves the version that a user wants restored, without asking MLflow if possible."""

from __future__ import annotations

import re
from typing import NamedTuple

from gitver_hooks.common.errors import GitverError
from gitver_hooks.history.resolve import (
    WORKTREE,
    git_commit,
    is_commit_id,
    names_model_or_trace,
    resolve,
)
from gitver_hooks.history.source import Source
from gitver_hooks.keeping.capture import capture
from gitver_hooks.keeping.keep import keep_captured
from gitver_hooks.keeping.kept_refs import all_kept, read_kept
from gitver_hooks.keeping.kept_version import KeptVersion
from gitver_hooks.registry.tags import BRANCH_TAG, DIFF_TAG, TREE_TAG
from gitver_hooks.version.identify import identify_worktree
from gitver_hooks.version.model_name import app_name, model_name

_DIRTY = "-dirty-"
_SHORTEST_PREFIX = 4
_FULL_ID = re.compile(r"(?:(?:tree-)?[0-9a-f]{32}|unborn)-dirty-[0-9a-f]{8}(?:@.+)?")


class Wanted(NamedTuple):
    """A version to restore, and what is known about it.

    ``commit`` is the full id of the commit it is based on, empty before the first; the repository
    may not have it. ``tree`` is the id of the version's whole tree as it was recorded, ``diff``
    what MLflow has as its diff, and ``branch`` the branch it was recorded on; each may be unknown.
    ``unread`` is why MLflow could not be asked about the version.
    """

    version: str
    dirty: bool
    commit: str
    tree: str | None = None
    diff: str | None = None
    branch: str | None = None
    unread: GitverError | None = None


def find_wanted(source: Source, name: str) -> Wanted:
    """The version that ``name`` stands for, as in ``history.resolve``. Raises GitverError.

    MLflow is asked only about models, traces, and versions that are neither commits here nor kept
    in this repository.
    """
    if name == WORKTREE:
        return _worktree(source)
    # What was recorded just now may not be an object yet.
    keep_captured(source.repository.location, source.repository.environment)
    if not names_model_or_trace(name):
        commit = git_commit(source, name)
        if commit is not None:
            return Wanted(commit, False, commit)
        kept = _kept(source, name)
        if kept is not None:
            return Wanted(kept.version, True, kept.commit or "", kept.full_tree)
    try:
        return recorded(source, name)
    except GitverError as error:
        if _FULL_ID.fullmatch(name):
            # The remote may have its code.
            return Wanted(name, True, "", unread=error)
        raise


def _worktree(source: Source) -> Wanted:
    """The version of the worktree as it is now; its code is kept if nobody has recorded it yet."""
    repository, settings = source.repository, source.settings
    identified = identify_worktree(repository, settings)
    version = identified.version
    if version.dirty and read_kept(repository, version.id) is None:
        app = app_name(repository, settings, version.remote_url)
        capture(repository, identified, settings, model_name(app, version))
    return Wanted(version.id, version.dirty, version.commit or "", version.tree)


def _kept(source: Source, name: str) -> KeptVersion | None:
    """The version kept in this repository that ``name`` stands for, None if there is none."""
    matches = [ref.kept for ref in all_kept(source.repository) if _is_named(ref.kept, name)]
    if len(matches) > 1:
        versions = ", ".join(sorted(kept.version for kept in matches)[:5])
        raise GitverError(f"{name} is ambiguous", f"it may be {versions}")
    return matches[0] if matches else None


def _is_named(kept: KeptVersion, name: str) -> bool:
    """Whether ``name`` is the version's id, a prefix of it, its short form or its model's name."""
    if name in (kept.version, kept.model_name):
        return True
    start, dirty, digest = name.replace("+", _DIRTY, 1).partition(_DIRTY)
    own_start, _, own_digest = kept.version.partition(_DIRTY)
    return (
        bool(dirty and digest)
        and len(start) >= _SHORTEST_PREFIX
        and (own_start.startswith(start) or (kept.commit or "").startswith(start))
        and own_digest.startswith(digest)
    )


def recorded(source: Source, name: str) -> Wanted:
    """The version that ``name`` stands for in MLflow. Raises GitverError."""
    resolved = resolve(source, name)
    if resolved.model_id is None:
        return Wanted(resolved.version, resolved.dirty, resolved.commit or "")
    model = source.reading().model(resolved.model_id)
    if model is None:
        raise GitverError(f"MLflow has no model {resolved.model_id}", "it was deleted just now")
    return Wanted(
        model.version,
        model.dirty,
        # A server may say anything, and this ends up in commands.
        model.commit if is_commit_id(model.commit) else "",
        model.tags.get(TREE_TAG),
        model.tags.get(DIFF_TAG),
        model.tags.get(BRANCH_TAG),
    )
