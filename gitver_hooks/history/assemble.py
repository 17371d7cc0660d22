"""Reads the history of a worktree: walks the commits, reads their numbers, finds the changes."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice

from gitver_hooks.common.errors import GitverError
from gitver_hooks.common.uris import without_credentials
from gitver_hooks.history import walk
from gitver_hooks.history.deadline import Outcome
from gitver_hooks.history.findings import findings
from gitver_hooks.history.join import join
from gitver_hooks.history.model_numbers import ModelNumbers
from gitver_hooks.history.models import ModelData, without_duplicates
from gitver_hooks.history.records import History
from gitver_hooks.history.resolve import resolve_commit
from gitver_hooks.history.source import Source, open_source
from gitver_hooks.history.version_numbers import Score
from gitver_hooks.history.walk import CommitData
from gitver_hooks.registry.failures import MLflowFailure
from gitver_hooks.registry.tracking import sqlite_file
from gitver_hooks.repository.branch import current_branch
from gitver_hooks.repository.remote import main_worktree, remote_url

DEFAULT_LIMIT = 20
DEFAULT_DEADLINE = 10.0


@dataclass(frozen=True)
class Selection:
    """A part of the history: at most ``limit`` commits of ``revisions`` (``A``, ``A..B``)."""

    limit: int = DEFAULT_LIMIT
    revisions: str | None = None
    all_branches: bool = False
    since: datetime | None = None
    metrics: tuple[str, ...] = ()


def history(
    path: str | os.PathLike[str] = ".",
    *,
    limit: int = DEFAULT_LIMIT,
    deadline: float = DEFAULT_DEADLINE,
) -> History:
    """The newest ``limit`` commits of HEAD's first-parent history, and the numbers of each version.

    Reads for at most ``deadline`` seconds; ``History.partial`` says that something is missing.
    Neither the process's environment nor its logging or warnings are changed. Raises GitverError.
    """
    with open_source(path, dict(os.environ), deadline) as source:
        return read_history(source, Selection(limit=limit))


def read_history(source: Source, selection: Selection) -> History:
    """The selected part of the history. Raises GitverError if there is nothing to show at all."""
    commits = list(islice(_commits(source, selection), selection.limit))
    if not commits:
        raise GitverError("no commit matches", "give another range, or a larger --since")
    reading = source.reading()
    listed = [commit.commit for commit in commits]
    models = reading.models_of_commits(listed)
    trees = {} if source.parts is None else source.parts.trees(listed)
    if trees:
        of_trees = reading.models_of_trees(sorted(set(trees.values())))
        models = without_duplicates([*models, *of_trees])
    outcomes = reading.numbers(_in_order(commits, models))
    notes = _notes(source, models, outcomes)
    repository = source.repository
    url = remote_url(repository, source.settings.remote)
    history = History(
        versions=join(commits, models, outcomes, trees),
        partial=bool(notes),
        notes=notes,
        app=source.app,
        branch=current_branch(repository),
        store=_store_name(source),
        experiment=source.tracking.experiment.name or str(source.tracking.experiment.id),
        remote_url=url,
    )
    if selection.metrics:
        history = only_metrics(history, selection.metrics)
    return history.with_findings(findings(history))


def only_metrics(history: History, names: Iterable[str]) -> History:
    """The history with those metrics and feedback only. Raises GitverError for an unknown name."""
    wanted = set(names)
    names_found = {name for record in history for name in (*record.metrics, *record.feedback)}
    if unknown := sorted(wanted - names_found):
        raise GitverError(
            f"no version has the metric {unknown[0]!r}",
            f"use one of {', '.join(sorted(names_found))}"
            if names_found
            else "evaluate a version first",
        )

    def chosen(scores: Mapping[str, Score]) -> dict[str, Score]:
        return {name: score for name, score in scores.items() if name in wanted}

    versions = tuple(
        replace(record, metrics=chosen(record.metrics), feedback=chosen(record.feedback))
        for record in history
    )
    return replace(history, versions=versions)


def _store_name(source: Source) -> str:
    """The tracking URI without credentials; a file in the worktree relative to it.

    Reports are shared, and should not reveal where somebody's clone is.
    """
    file = sqlite_file(source.tracking.uri)
    folder = main_worktree(source.repository)
    if file is not None and os.path.dirname(file) == os.path.realpath(folder):
        return f"sqlite:///{os.path.basename(file)}"
    return without_credentials(source.tracking.uri)


def _commits(source: Source, selection: Selection) -> Iterable[CommitData]:
    repository = source.repository
    if selection.all_branches:
        commits = walk.all_branches(repository, repository.head_commit())
    else:
        start, excluded = _ends(source, selection.revisions)
        commits = walk.first_parents(repository, start, excluded)
    return commits if selection.since is None else walk.since(commits, selection.since)


def _ends(source: Source, revisions: str | None) -> tuple[str, str | None]:
    """The commit to start from, and the one to stop before, of ``A..B``, ``A..`` or ``B``."""
    excluded, dots, start = (revisions or "HEAD").rpartition("..")
    if revisions and "..." in revisions:
        raise GitverError(f"{revisions} is a symmetric difference", "write A..B")
    end = resolve_commit(source, start or "HEAD")
    return end, resolve_commit(source, excluded or "HEAD") if dots else None


def _in_order(commits: list[CommitData], models: list[ModelData]) -> list[ModelData]:
    # Newest first, and clean versions before dirty ones: the most important is read first.
    place = {commit.commit: number for number, commit in enumerate(commits)}
    return sorted(models, key=lambda model: (model.dirty, place.get(model.commit, 0)))


def _notes(
    source: Source, models: list[ModelData], outcomes: Mapping[str, Outcome[ModelNumbers]]
) -> tuple[str, ...]:
    """One line for each thing that was not read. Raises MLflowFailure if nothing was read."""
    failures = [
        source.reading().explain(outcome.error) for outcome in outcomes.values() if outcome.error
    ]
    if failures and len(failures) == len(models):
        raise failures[0]
    read = [outcome.value for outcome in outcomes.values()]
    notes = sorted({failure.message for failure in failures})
    if len(outcomes) < len(models):
        notes.append(_note_on_time(source, len(models) - len(outcomes), len(models)))
    if any(numbers is not None and not numbers.complete for numbers in read):
        notes.append("some evaluations have more rows than were read")
    return tuple(notes)


def _note_on_time(source: Source, missing: int, wanted: int) -> str:
    """Says that ``missing`` versions were not read in time. Raises MLflowFailure if none was."""
    if missing == wanted:
        raise MLflowFailure(
            f"MLflow at {without_credentials(source.tracking.uri)} gave no numbers within "
            f"{source.seconds:g} seconds",
            "allow more time with --deadline",
        )
    return (
        f"{missing} of {wanted} versions were not read within {source.seconds:g} seconds; "
        "allow more with --deadline"
    )
