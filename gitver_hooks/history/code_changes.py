"""Counts the lines per file in which the code of two versions differs, as git does."""

from __future__ import annotations

from dataclasses import dataclass

from gitver_hooks.common.errors import GitverError
from gitver_hooks.history.records import Resolved
from gitver_hooks.history.source import Source
from gitver_hooks.repository.git_command import git_in

_SECONDS = 30


@dataclass(frozen=True)
class FileChange:
    """One changed file; the numbers of lines are None for a binary file."""

    path: str
    added: int | None
    removed: int | None


@dataclass(frozen=True)
class CodeChanges:
    """The changed files, and a note on what they leave out (empty if nothing)."""

    files: tuple[FileChange, ...] = ()
    note: str = ""


def code_changes(source: Source, a: Resolved, b: Resolved, *, to_worktree: bool) -> CodeChanges:
    """The changes from A to B; with ``to_worktree``, B is what the worktree has now.

    Other versions with uncommitted changes are compared by their commits, and the note says so.
    """
    if a.commit is None or b.commit is None:
        return CodeChanges(note="the commits are not both in this clone, so they are not compared")
    ends = [a.commit] if to_worktree else [a.commit, b.commit]
    files = _numstat(source, ends)
    if files is None:
        return CodeChanges(note="git cannot compare the two commits")
    notes = []
    if a.dirty or (b.dirty and not to_worktree):
        notes.append("uncommitted changes are not counted")
    elif b.dirty:
        notes.append("new files that are not in the index are not counted")
    return CodeChanges(files, "; ".join(notes))


def _numstat(source: Source, ends: list[str]) -> tuple[FileChange, ...] | None:
    # No program that the repository's configuration names runs: neither textconv nor ext-diff.
    options = ("--numstat", "-z", "--no-renames", "--no-textconv", "--no-ext-diff")
    try:
        completed = git_in(source.repository).attempt(
            "diff", *options, *ends, "--", seconds=_SECONDS
        )
    except GitverError:
        return None
    if completed.returncode:
        return None
    entries = filter(None, completed.stdout.split(b"\0"))
    return tuple(_file_change(entry) for entry in entries if _counts(source, entry))


def _counts(source: Source, entry: bytes) -> bool:
    return source.scope.counts(entry.split(b"\t", 2)[2])


def _file_change(entry: bytes) -> FileChange:
    added, removed, path = entry.split(b"\t", 2)
    return FileChange(path.decode("utf-8", "surrogateescape"), _count(added), _count(removed))


def _count(text: bytes) -> int | None:
    return None if text == b"-" else int(text)
