"""Checks the settings of a worktree, and the store and the clocks of the MLflow they choose."""

from __future__ import annotations

from collections.abc import Iterator

from gitver_hooks.common.errors import GitverError
from gitver_hooks.diagnosis.clocks import check_clocks
from gitver_hooks.diagnosis.finding import OK, PROBLEM, Finding
from gitver_hooks.diagnosis.store import check_store
from gitver_hooks.registry.tracked_store import worktree_tracking
from gitver_hooks.repository.repository import Repository
from gitver_hooks.settings import flattened_params, survey_settings
from gitver_hooks.settings.approval import refusal


def check_settings(repository: Repository) -> Iterator[Finding]:
    """Findings about the settings of ``repository``, and about the store that they lead to."""
    folder = repository.location.folder
    survey = survey_settings(repository)
    problems = settings_problems(repository)
    if survey.refused:
        problems.append(refusal(survey.refused, repository.environment))
    for problem in problems:
        yield Finding("settings", PROBLEM, problem.message, problem.remedy)
    if not problems:
        yield Finding("settings", OK, f"the settings of {folder} are valid")
    settings = survey.settings
    try:
        tracking = worktree_tracking(repository, settings)
    except GitverError as error:
        yield Finding("store", PROBLEM, error.message, error.remedy)
        return
    yield check_store(tracking, settings.wait)
    yield from check_clocks(repository.location, tracking.store.tracking_uri)


def settings_problems(repository: Repository) -> list[GitverError]:
    """Everything that is wrong with the settings: unknown keys, wrong values, missing files."""
    survey = survey_settings(repository)
    problems = list(survey.problems)
    try:
        flattened_params(survey.settings, repository.location)
    except GitverError as error:
        problems.append(error)
    return problems
