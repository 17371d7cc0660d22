"""Check the whole setup: hooks, Python, MLflow, the store and gitver's state.

Changes nothing. Exits 1 if there is a problem; a warning is something that may be intended.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping

from gitver_hooks.commands.app_option import add_app_option, app_folder
from gitver_hooks.common.errors import GitverError
from gitver_hooks.common.printing import show, show_json
from gitver_hooks.diagnosis.apps import check_apps
from gitver_hooks.diagnosis.finding import OK, PROBLEM, Finding
from gitver_hooks.diagnosis.hooks import check_hooks
from gitver_hooks.diagnosis.packages import check_packages
from gitver_hooks.diagnosis.settings import check_settings
from gitver_hooks.diagnosis.worktree import check_active_model, check_outbox, check_state
from gitver_hooks.gitfiles.location import find_location
from gitver_hooks.gitfiles.ownership import DubiousOwnership
from gitver_hooks.repository.repository import no_worktree, open_repository


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print the findings as a JSON array")
    add_app_option(parser)


def run(arguments: argparse.Namespace) -> int:
    findings = list(_examine(app_folder(arguments), arguments.environment))
    if arguments.json:
        show_json([finding._asdict() for finding in findings])
    else:
        for finding in findings:
            _show(finding)
    return 1 if any(finding.level == PROBLEM for finding in findings) else 0


def _examine(folder: str, environment: Mapping[str, str]) -> Iterator[Finding]:
    yield from check_packages(environment)
    try:
        location = find_location(folder, environment)
    except DubiousOwnership as error:
        yield Finding("repository", PROBLEM, error.message, error.remedy)
        return
    if location is None:
        problem = no_worktree(folder)
        yield Finding("repository", PROBLEM, problem.message, problem.remedy)
        return
    yield from check_hooks(location, environment)
    yield from check_state(location, environment)
    try:
        with open_repository(location, environment) as repository:
            yield from check_settings(repository)
            yield from check_apps(repository)
    except GitverError as error:
        yield Finding("repository", PROBLEM, error.message, error.remedy)
    yield from check_outbox(location)
    yield check_active_model(location, environment)


def _show(finding: Finding) -> None:
    show(f"{finding.level:<8} {finding.topic:<13} {finding.message}")
    if finding.level != OK and finding.remedy:
        show(f"{'':<22} -> {finding.remedy}")
