"""Finds the code of a version: committed, kept here, kept at the remote, or in the diff."""

from __future__ import annotations

import os
from typing import NamedTuple

from gitver_hooks.common.errors import GitverError
from gitver_hooks.history.source import Source
from gitver_hooks.history.walk import has_commit
from gitver_hooks.keeping.keep import keep_captured
from gitver_hooks.keeping.kept_refs import read_kept
from gitver_hooks.keeping.kept_version import (
    LARGE,
    MISSING,
    SECRET,
    SUBMODULE,
    Cut,
    KeptVersion,
    Submodule,
)
from gitver_hooks.repository.git_command import git_in
from gitver_hooks.repository.repository import Repository
from gitver_hooks.restoring.missing_commit import missing_commit
from gitver_hooks.restoring.parts import app_of_version, part_of, with_the_rest
from gitver_hooks.restoring.rebuild import left_out, rebuild
from gitver_hooks.restoring.remote_refs import fetch_kept, forget_fetched
from gitver_hooks.restoring.wanted import Wanted, recorded
from gitver_hooks.version.version import TREE_PREFIX

_WHY_CUT = {
    SECRET: "it looks like a secret",
    LARGE: "it is larger than the setting `keep_limit`",
    MISSING: "it could not be read",
    SUBMODULE: "the changes in this submodule are not kept",
}


class Lack(NamedTuple):
    """A path whose content is not available, and a line that says why."""

    path: bytes
    text: str


class Code(NamedTuple):
    """The code of a version as a git tree in the object database.

    ``commit`` is the commit that it is based on; None before the first commit, or if this clone
    does not have it: then ``missing_commit`` is its id. ``lacks`` are the paths whose content
    ``tree`` lacks, and ``full_tree`` is the id that it would have with them. ``submodules`` are
    those with changes of their own. ``origin`` says where the code was found. For a version of only
    a part of the tree, ``tree`` is the whole tree, ``full_tree`` that part, and ``app`` the folder
    of the app.
    """

    version: str
    commit: str | None
    tree: str
    full_tree: str
    origin: str
    lacks: tuple[Lack, ...] = ()
    submodules: tuple[Submodule, ...] = ()
    missing_commit: str | None = None
    app: str = ""


def _lack(cut: Cut) -> Lack:
    """The lack of a file that was not kept, with the reason and the size."""
    path = os.fsdecode(cut.path)
    return Lack(cut.path, f"{path} was not kept: {_WHY_CUT[cut.reason]} ({cut.size} bytes)")


def find_code(source: Source, wanted: Wanted) -> Code:
    """The code of ``wanted``. Raises GitverError if it is not available, saying what is missing.

    Kept code counts only if its tree is the one that was recorded for the version.
    """
    if not wanted.dirty:
        return _committed(source, wanted)
    problems: list[str] = []
    kept = find_kept(
        source.repository, source.settings.remote, wanted.version, wanted.tree, problems
    )
    return _whole(source.repository, kept) if kept else _rebuilt(source, wanted, problems)


def _whole(repository: Repository, code: Code) -> Code:
    """``code``, completed to the commit's whole tree if the version is only a part of it."""
    if code.commit is None or not code.version.startswith(TREE_PREFIX):
        return code
    app = app_of_version(repository, code.version, code.commit)
    tree = with_the_rest(repository, app, code.commit, code.tree)
    return code._replace(tree=tree, app=app.folder if app else repository.location.app)


def find_kept(
    repository: Repository, remote: str, version: str, tree: str | None, problems: list[str]
) -> Code | None:
    """The code that this repository or ``remote`` keeps of a version; None if neither does.

    ``tree`` is the id of the version's whole tree, if it is known. Why something is not available
    is added to ``problems``.
    """
    # What was recorded just now may not be an object yet.
    keep_captured(repository.location, repository.environment)
    kept = read_kept(repository, version)
    problem = "does not keep it" if kept is None else _mismatch(kept, tree)
    if kept is not None and not problem:
        return _code(repository, kept, "kept in this repository")
    problems.append(f"this repository {problem}")
    try:
        fetch_kept(repository, remote, version)
    except GitverError as error:
        problems.append(error.message)
        return None
    kept = read_kept(repository, version)
    problem = "keeps something else under its id" if kept is None else _mismatch(kept, tree)
    if kept is not None and not problem:
        return _code(repository, kept, f"fetched from {remote}")
    forget_fetched(repository, version)
    problems.append(f"{remote} {problem}")
    return None


def _mismatch(kept: KeptVersion, tree: str | None) -> str:
    """Why the kept code is not that of the version; empty if it is."""
    if tree is not None and kept.full_tree != tree:
        return f"keeps the tree {kept.full_tree} under its id, but {tree} was recorded"
    if not kept.cuts and not kept.is_complete:
        return "keeps a part of it only"
    return ""


def _code(repository: Repository, kept: KeptVersion, origin: str) -> Code:
    has_base = kept.commit is not None and has_commit(repository, kept.commit)
    return Code(
        kept.version,
        kept.commit if has_base else None,
        kept.tree,
        kept.full_tree,
        origin,
        tuple(map(_lack, kept.cuts)),
        kept.submodules,
        None if has_base else kept.commit,
    )


def _committed(source: Source, wanted: Wanted) -> Code:
    repository = source.repository
    if not has_commit(repository, wanted.commit):
        raise missing_commit(source, wanted)
    tree = git_in(repository).run("rev-parse", "--verify", f"{wanted.commit}^{{tree}}")
    tree_id = tree.decode("ascii").strip()
    app = app_of_version(repository, wanted.version, wanted.commit)
    folder = app.folder if app else repository.location.app
    origin = "committed in this repository"
    return Code(wanted.version, wanted.commit, tree_id, tree_id, origin, app=folder)


def _rebuilt(source: Source, wanted: Wanted, problems: list[str]) -> Code:
    """The code rebuilt from the diff in MLflow, as far as that shows it."""
    if wanted.unread is not None:
        raise wanted.unread
    if wanted.diff is None or wanted.tree is None:
        wanted = recorded(source, wanted.version)
    code = _from_diff(source, wanted, problems)
    if code is None:
        raise GitverError(
            f"the code of {wanted.version} is not available: {'; '.join(problems)}",
            "restore it where it was recorded, or set `keep: push` there",
        )
    return code


def _from_diff(source: Source, wanted: Wanted, problems: list[str]) -> Code | None:
    repository = source.repository
    if wanted.diff is None or wanted.tree is None:
        problems.append("MLflow has no diff of it")
        return None
    if not has_commit(repository, wanted.commit):
        raise missing_commit(source, wanted)
    try:
        tree = rebuild(repository, wanted.commit, wanted.diff)
    except GitverError as error:
        problems.append(error.message)
        return None
    app = app_of_version(repository, wanted.version, wanted.commit)
    part = part_of(repository, app, tree) if app else tree
    lacks = [] if part == wanted.tree else _lacks(wanted.diff)
    if part != wanted.tree and not lacks:
        problems.append(
            "the diff in MLflow does not list all the files that it leaves out"
            if lacks is None
            else f"the diff in MLflow gives the tree {part}, but {wanted.tree} was recorded"
        )
        return None
    return Code(
        wanted.version,
        wanted.commit,
        tree,
        wanted.tree,
        "rebuilt from the diff in MLflow",
        tuple(lacks or ()),
        app=app.folder if app else repository.location.app,
    )


def _lacks(diff: str) -> list[Lack] | None:
    """The files that the diff leaves out; None if it does not name all of them."""
    changes = left_out(diff)
    if changes is None:
        return None
    return [
        Lack(
            path,
            f"{os.fsdecode(path)} is restored as in the commit: the diff in MLflow leaves it out"
            f" ({reason})",
        )
        for path, reason in changes
    ]
