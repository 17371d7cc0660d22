"""Checks the apps of a worktree: their names, and what makes each run of one another version."""

from __future__ import annotations

from collections.abc import Iterator

from gitver_hooks.diagnosis.finding import OK, PROBLEM, WARNING, Finding
from gitver_hooks.diagnosis.paths import paths_problems
from gitver_hooks.floods.guard import flood_problem
from gitver_hooks.recording.named_apps import name_problems, named_apps
from gitver_hooks.repository.repository import Repository
from gitver_hooks.settings import survey_settings
from gitver_hooks.version.identify import identify_worktree


def check_apps(repository: Repository) -> Iterator[Finding]:
    """Findings about the apps of the worktree, and about the version of this one."""
    apps = named_apps(repository)
    problems = name_problems(apps)
    for problem in problems:
        yield Finding("apps", PROBLEM, problem.message, problem.remedy)
    if not problems and len(apps) > 1:
        yield Finding("apps", OK, ", ".join(map(str, apps)))
    identified = identify_worktree(repository, survey_settings(repository).settings)
    level = PROBLEM if identified.content.is_empty else WARNING
    for problem in paths_problems(repository, identified.content):
        yield Finding("paths", level, problem.message, problem.remedy)
    flood = flood_problem(repository, identified)
    if flood is None:
        yield Finding("version", OK, identified.version.id)
    else:
        yield Finding("version", WARNING, flood.message, flood.remedy)
