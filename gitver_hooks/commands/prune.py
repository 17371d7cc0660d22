"""Remove unused versions with uncommitted changes, and their kept code.

A version is removed from MLflow if it is old, has no traces, runs, metrics or feedback, and nobody
has tagged it. Kept code is removed with its version, or if its version no longer exists.
"""

from __future__ import annotations

import argparse
from datetime import datetime, timezone

from gitver_hooks.commands.app_option import add_app_option, app_folder
from gitver_hooks.commands.asking import can_ask, confirm
from gitver_hooks.commands.log import add_deadline, moment
from gitver_hooks.common.errors import GitverError
from gitver_hooks.common.printing import say, show
from gitver_hooks.history.source import Source, open_source
from gitver_hooks.keeping.share import user_remote
from gitver_hooks.pruning.plan import Plan, Scope, plan_removal
from gitver_hooks.pruning.removal import remove
from gitver_hooks.pruning.usage import UsageReader
from gitver_hooks.recording.known_models import KnownModels
from gitver_hooks.registry.own_process import prepare_own_process

_AGE = "90d"
_MOST_LINES = 20


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--older-than",
        type=moment,
        default=_AGE,
        metavar="AGE",
        help=f"how old a version must be, such as 12h or 4w (default {_AGE})",
    )
    parser.add_argument("--dry-run", action="store_true", help="only say what would be removed")
    parser.add_argument("--yes", action="store_true", help="remove without asking, for scripts")
    parser.add_argument("--remote", action="store_true", help="remove pushed versions as well")
    add_deadline(parser)
    add_app_option(parser)


def run(arguments: argparse.Namespace) -> int:
    if not (arguments.yes or arguments.dry_run or can_ask()):
        raise GitverError(
            "standard input is not a terminal, so gitver cannot ask",
            "run `gitver prune --dry-run` to look, or `gitver prune --yes`",
        )
    prepare_own_process(arguments.deadline)
    with open_source(app_folder(arguments), arguments.environment, arguments.deadline) as source:
        scope = _scope(source, arguments.older_than, arguments.deadline)
        remote = user_remote(source.repository, source.settings) if arguments.remote else None
        plan = plan_removal(scope, remote)
        _show_plan(plan, remote, arguments.older_than)
        if not plan or arguments.dry_run:
            return 0
        if not arguments.yes and not confirm("Remove this?"):
            show("nothing was removed")
            return 0
        return _remove(scope, plan, remote)


def _scope(source: Source, cutoff: datetime, seconds: float) -> Scope:
    reading = source.reading()
    return Scope(
        source.repository,
        source.settings,
        UsageReader(reading.client, reading.experiment_id, seconds),
        KnownModels(source.repository.location, source.tracking.store),
        int(cutoff.timestamp() * 1000),
    )


def _show_plan(plan: Plan, remote: str | None, cutoff: datetime) -> None:
    day = cutoff.astimezone().strftime("%Y-%m-%d")
    if not plan:
        show(f"nothing to remove: no unused version is older than {day}, and no kept code is left")
        return
    _show_list(
        f"{len(plan.models)} unused versions in MLflow, older than {day}",
        [f"{_day(model.created_ms)}  {model.name}" for model in plan.models],
    )
    _show_list(
        f"{len(plan.kept)} kept versions in this repository",
        [ref.kept.version for ref in plan.kept],
    )
    _show_list(f"{len(plan.known_models)} stored model ids", [])
    if remote is not None:
        _show_list(
            f"{len(plan.remote)} kept versions on {remote}", [ref.version for ref in plan.remote]
        )


def _show_list(heading: str, lines: list[str]) -> None:
    show(heading)
    for line in lines[:_MOST_LINES]:
        show(f"  {line}")
    if len(lines) > _MOST_LINES:
        show(f"  … and {len(lines) - _MOST_LINES} more")


def _day(milliseconds: int) -> str:
    return datetime.fromtimestamp(milliseconds / 1000, timezone.utc).strftime("%Y-%m-%d")


def _remove(scope: Scope, plan: Plan, remote: str | None) -> int:
    removed = remove(scope, plan, remote)
    for problem in removed.problems:
        say(problem)
    counts = [f"{removed.models} versions", f"{removed.kept} kept versions"]
    if remote is not None:
        counts.append(f"{removed.remote} on {remote}")
    show(f"removed {', '.join(counts)}; `git gc` frees the space of kept code")
    return 1 if removed.problems else 0
