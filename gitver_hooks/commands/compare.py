"""Compare two versions, and say whether a difference is more than chance.

Without A, compares HEAD with the worktree if that has uncommitted changes, otherwise HEAD's parent
with HEAD. Versions are named as for `gitver show`; @dirty is the worktree as it is now.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence

from gitver_hooks.commands.app_option import add_app_option, app_folder
from gitver_hooks.commands.log import add_deadline
from gitver_hooks.common.errors import GitverError
from gitver_hooks.common.printing import show, show_json
from gitver_hooks.history.code_changes import code_changes
from gitver_hooks.history.comparing import VersionComparison, compare_rows
from gitver_hooks.history.comparison_formats import as_table
from gitver_hooks.history.comparison_json import as_dict
from gitver_hooks.history.comparison_markdown import as_markdown
from gitver_hooks.history.evaluated_rows import Row
from gitver_hooks.history.records import Resolved
from gitver_hooks.history.resolve import WORKTREE, resolve
from gitver_hooks.history.rows import read_rows
from gitver_hooks.history.source import Source, open_source
from gitver_hooks.history.walk import read_commit
from gitver_hooks.registry.own_process import prepare_own_process

DROPPED, CANNOT_TELL = 4, 5

_ROWS = 10


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("a", nargs="?", metavar="A", help="the first version (default: see above)")
    parser.add_argument("b", nargs="?", metavar="B", help="the second version (default: worktree)")
    parser.add_argument(
        "--format",
        choices=("table", "markdown", "json"),
        default="table",
        help="table (default), markdown for a pull request's comment, or json",
    )
    parser.add_argument(
        "--fail-on-drop",
        action="store_true",
        help=f"exit {DROPPED} if a metric of B is significantly worse, {CANNOT_TELL} if there is "
        "too little data to tell",
    )
    parser.add_argument(
        "--rows",
        type=_count,
        default=_ROWS,
        metavar="N",
        help=f"how many inputs to show side by side (default {_ROWS})",
    )
    add_deadline(parser)
    add_app_option(parser)


def run(arguments: argparse.Namespace) -> int:
    prepare_own_process(arguments.deadline)
    with open_source(app_folder(arguments), arguments.environment, arguments.deadline) as source:
        comparison = _compare(source, arguments.a, arguments.b)
    if arguments.format == "json":
        show_json(as_dict(comparison))
    else:
        lines = as_markdown if arguments.format == "markdown" else as_table
        for line in lines(comparison, arguments.rows):
            show(line)
    if not arguments.fail_on_drop:
        return 0
    if comparison.dropped:
        return DROPPED
    return 0 if comparison.can_tell else CANNOT_TELL


def _compare(source: Source, name_a: str | None, name_b: str | None) -> VersionComparison:
    b = resolve(source, name_b or WORKTREE)
    if name_a is None:
        a = resolve(source, "HEAD" if b.dirty else _parent(source))
    else:
        a = resolve(source, name_a)
    to_worktree = name_b in (None, WORKTREE)
    (params_a, rows_a), (params_b, rows_b) = _read(source, a), _read(source, b)
    changes = code_changes(source, a, b, to_worktree=to_worktree)
    subjects = _subject(source, a), _subject(source, b)
    return compare_rows(a, b, changes, (params_a, params_b), (rows_a, rows_b), subjects)


def _subject(source: Source, resolved: Resolved) -> str:
    """The subject of the version's commit; empty if this clone does not have it."""
    if resolved.commit is None:
        return ""
    return read_commit(source.repository, resolved.commit).subject


def _parent(source: Source) -> str:
    head = source.repository.head_commit()
    if head is None:
        raise GitverError("there is no commit yet", "commit something")
    if not source.repository.dulwich[head.encode("ascii")].parents:  # type: ignore[attr-defined]
        raise GitverError("HEAD has no parent to compare it with", "name two versions")
    return "HEAD^"


def _read(source: Source, resolved: Resolved) -> tuple[Mapping[str, str], Sequence[Row]]:
    """The params and the evaluated rows of a version; none if it is not registered."""
    if resolved.model_id is None:
        return {}, []
    reading = source.reading()
    model = reading.model(resolved.model_id)
    return ({}, []) if model is None else (model.params, read_rows(reading, model))


def _count(text: str) -> int:
    value = int(text)
    if value < 0:
        raise ValueError(text)
    return value
