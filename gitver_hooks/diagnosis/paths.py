"""Checks the setting ``paths``: how many files count, and which patterns match nothing."""

from __future__ import annotations

from collections.abc import Iterator

from gitver_hooks.common.errors import GitverError
from gitver_hooks.gitfiles.scope import unmatched
from gitver_hooks.handover.observation import FOLDER, GITLINK
from gitver_hooks.repository.repository import Repository
from gitver_hooks.version.identify import empty_scope_problem
from gitver_hooks.worktree.content import Content
from gitver_hooks.worktree.observed_index import read_whole_index


def counted_files(content: Content) -> int:
    """The number of files of the worktree that count, including those of submodules."""
    return sum(len(directory.files) for directory in content.observation.directories)


def paths_problems(repository: Repository, content: Content) -> list[GitverError]:
    """A problem for each pattern that matches nothing, and one if nothing counts at all."""
    if content.scope.is_everything:
        return []
    problems = [
        GitverError(
            f"paths has the pattern {pattern.decode('utf-8', 'backslashreplace')!r}, which matches "
            "nothing",
            "correct it or remove it",
        )
        for pattern in unmatched(content.scope, _all_paths(repository, content))
    ]
    if (problem := empty_scope_problem(content)) is not None:
        problems.append(problem)
    return problems


def _all_paths(repository: Repository, content: Content) -> Iterator[bytes]:
    """All tracked paths, and all paths in the folders that were walked."""
    yield from read_whole_index(repository).entries
    for directory in content.observation.directories:
        prefix = directory.path + b"/" if directory.path else b""
        for name in directory.files:
            yield prefix + name
        for tagged in directory.others:
            # A folder that was not entered may have anything in it.
            yield prefix + tagged[1:] + (b"/" if tagged.startswith((FOLDER, GITLINK)) else b"")
