"""Joins commits with what MLflow knows of their versions; opens and reads nothing itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType

from gitver_hooks.history.deadline import Outcome
from gitver_hooks.history.model_numbers import ModelNumbers, unread_numbers
from gitver_hooks.history.models import ModelData
from gitver_hooks.history.records import UNREAD_SCORES, UNREAD_TRACES, VersionRecord
from gitver_hooks.history.walk import CommitData
from gitver_hooks.version.version import TREE_PREFIX


def join(
    commits: Sequence[CommitData],
    models: Sequence[ModelData],
    outcomes: Mapping[str, Outcome[ModelNumbers]],
    trees: Mapping[str, str] = MappingProxyType({}),
) -> tuple[VersionRecord, ...]:
    """One record per version, in the order of ``commits``, dirty ones right after their commit.

    A commit without a model has a record too, without numbers. Dirty versions of a commit are
    listed newest first. ``trees`` has the part of each commit's tree that makes up the app if that
    is not the whole repository: a clean version is listed at each commit with its tree.
    """
    by_commit = _grouped(models, lambda model: model.commit)
    by_tree = _grouped(filter(_is_of_tree, models), lambda model: model.tree)
    records: list[VersionRecord] = []
    for commit in commits:
        of_commit = by_commit.get(commit.commit, [])
        tree = trees.get(commit.commit)
        of_tree = by_tree.get(tree, []) if tree else []
        # What the app was at that commit by other ``paths``, or when it was the whole repository.
        clean = of_tree or [model for model in of_commit if not model.dirty]
        if not clean:
            records.append(commit_record(commit, f"{TREE_PREFIX}{tree}" if tree else ""))
        dirty = sorted(
            (model for model in of_commit if model.dirty), key=lambda model: -model.created_ms
        )
        records += [
            version_record(commit, model, outcomes.get(model.model_id))
            for model in (*clean, *dirty)
        ]
    return tuple(records)


def _grouped(
    models: Iterable[ModelData], key: Callable[[ModelData], str]
) -> dict[str, list[ModelData]]:
    groups: dict[str, list[ModelData]] = {}
    for model in models:
        groups.setdefault(key(model), []).append(model)
    return groups


def _is_of_tree(model: ModelData) -> bool:
    """Whether the version is that of a tree, wherever it occurs, and not of one commit."""
    return bool(model.app) and not model.dirty


def commit_record(commit: CommitData, version: str = "") -> VersionRecord:
    """The record of a commit whose version (by default the commit itself) was never registered."""
    return VersionRecord(
        version=version or commit.commit,
        commit=commit.commit,
        subject=commit.subject,
        authored=commit.authored,
        mainline=commit.mainline,
    )


def version_record(
    commit: CommitData, model: ModelData, outcome: Outcome[ModelNumbers] | None
) -> VersionRecord:
    """The record of a registered version; None as ``outcome`` means that it was not read."""
    read = None if outcome is None else outcome.value
    numbers = read or unread_numbers(model)
    unread: tuple[str, ...] = ()
    if read is None:
        unread = (UNREAD_TRACES, UNREAD_SCORES)
    elif not read.complete:
        unread = (UNREAD_SCORES,)
    return VersionRecord(
        version=model.version,
        commit=commit.commit,
        subject=commit.subject,
        authored=commit.authored,
        dirty=model.dirty,
        model_id=model.model_id,
        model_name=model.name,
        mainline=commit.mainline,
        live=numbers.live,
        evaluation=numbers.evaluation,
        metrics=numbers.metrics,
        feedback=numbers.feedback,
        unread=unread,
    )
