"""Checks a restored worktree against the version: its tree, and the id that gitver gives it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import NamedTuple

from gitver_hooks.common.errors import GitverError
from gitver_hooks.repository.repository import open_repository
from gitver_hooks.restoring.code import Code
from gitver_hooks.settings import survey_settings
from gitver_hooks.version.identify import identify_worktree


class Verified(NamedTuple):
    """The result of checking a restored worktree.

    ``version`` is the id that `gitver id` prints there, None if it has none. ``problems`` are the
    reasons why it is not exactly the version, none if it is.
    """

    version: str | None
    problems: tuple[str, ...]


def verify(folder: str, code: Code, environment: Mapping[str, str]) -> Verified:
    """Identify the worktree ``folder`` and compare it with the version that it should be."""
    try:
        with open_repository(os.path.join(folder, code.app), environment) as repository:
            # Settings of the restored tree that nobody has allowed do not change the identity.
            settings = survey_settings(repository).settings
            version = identify_worktree(repository, settings).version
    except GitverError as error:
        return Verified(None, (*_reasons(code), str(error)))
    is_commit = code.version == code.commit and version.commit == code.commit
    if _without_branch(version.id) == _without_branch(code.version) or (
        is_commit and not version.dirty
    ):
        return Verified(version.id, ())
    reasons = _reasons(code)
    if version.tree == code.full_tree:
        # A version's id also depends on its commit and on changes in submodules.
        return Verified(version.id, reasons or ("its submodules had changes of their own",))
    if not reasons:
        reasons = (f"its tree is {version.tree}, not {code.full_tree}",)
    return Verified(version.id, reasons)


def _reasons(code: Code) -> tuple[str, ...]:
    """The known reasons why the code is not complete."""
    reasons = [lack.text for lack in code.lacks]
    if code.missing_commit:
        reasons.append(f"its commit {code.missing_commit} is not in this clone")
    return tuple(reasons)


def _without_branch(version: str) -> str:
    """The id without the branch that `per_branch` adds: a restored worktree is on none."""
    return version.partition("@")[0]
