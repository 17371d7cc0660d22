"""Restores submodules that had changes of their own, from what their repositories keep."""

from __future__ import annotations

import os

from gitver_hooks.gitfiles.location import find_location
from gitver_hooks.repository.git_command import git_in
from gitver_hooks.repository.repository import Repository, open_repository
from gitver_hooks.restoring.checkout import check_out
from gitver_hooks.restoring.code import Code, find_kept
from gitver_hooks.settings import survey_settings


def has_submodules(repository: Repository, tree: str) -> bool:
    """Whether ``tree`` contains submodules, which a new worktree has only as empty folders."""
    return bool(_submodule_paths(repository, tree))


def restore_submodules(repository: Repository, code: Code, folder: str) -> list[str]:
    """Check out the dirty submodules of ``code`` below ``folder``, where its tree already is.

    Each becomes a linked worktree of the submodule's repository that belongs to this worktree.
    Returns the reasons why one could not be restored.
    """
    problems: list[str] = []
    # What a tag says may come from a stranger. Paths of a checked-out tree stay inside of it.
    paths_in_tree = _submodule_paths(repository, code.tree) if code.submodules else set()
    for module in code.submodules:
        name = os.fsdecode(module.path)
        if module.path not in paths_in_tree:
            problems.append(f"{name} is not a submodule of this version")
            continue
        inner = os.path.join(repository.location.worktree, name)
        reasons = _restore_one(repository, inner, module.version, os.path.join(folder, name))
        problems += [f"the submodule {name}: {reason}" for reason in reasons]
    return problems


def _restore_one(outer: Repository, inner: str, version: str, folder: str) -> list[str]:
    location = find_location(inner, outer.environment) if os.path.isdir(inner) else None
    if location is None or location.worktree != os.path.abspath(inner):
        return ["it is not checked out here; run `git submodule update --init`, and restore again"]
    with open_repository(location, outer.environment) as repository:
        problems: list[str] = []
        remote = survey_settings(repository).settings.remote
        code = find_kept(repository, remote, version, None, problems)
        if code is None:
            return problems
        check_out(repository, code, folder)
        return restore_submodules(repository, code, folder)


def _submodule_paths(repository: Repository, tree: str) -> set[bytes]:
    listed = git_in(repository).run("ls-tree", "-r", "-z", "--full-tree", tree)
    entries = (entry.partition(b"\t") for entry in listed.split(b"\0"))
    return {path for entry, _, path in entries if entry.startswith(b"160000 ")}
