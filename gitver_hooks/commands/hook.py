"""What git and pre-commit call: record the worktree after something changed it.

NAME is the hook's (post-commit, post-checkout, post-merge, post-rewrite, post-applypatch), or
pre-commit where pre-commit runs it. Never fails and never says anything unless something is wrong.
"""

from __future__ import annotations

import os

from gitver_hooks.common.errors import GitverError
from gitver_hooks.common.printing import say
from gitver_hooks.gitfiles.location import Location, find
from gitver_hooks.gitfiles.operation import BISECT, REBASE, ends_rebase, operation_under_way
from gitver_hooks.handover.environment import is_disabled, user_environment
from gitver_hooks.handover.log import log, log_path

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME", help="the name of the hook")
    parser.add_argument("arguments", metavar="ARG", nargs="*", help="what git passes to the hook")


def run(arguments: argparse.Namespace) -> int:
    run_hook(arguments.name, arguments.arguments)
    return 0


def run_hook(name: str, arguments: list[str]) -> None:
    """React to the hook ``name``; whatever goes wrong becomes one line and an entry in the log."""
    environment = user_environment(os.environ)
    if is_disabled(environment):
        return
    location = None
    try:
        location = find(".", environment)
        if location is not None:
            _react(location, environment, name, arguments)
    except GitverError as error:
        say(error)
        log(location, f"{name}: {error}", error)
    except KeyboardInterrupt:
        say("interrupted; `gitver model` records this version")
    except Exception as error:
        log(location, f"{name}: bug", error)
        where = f"; the details are in {log_path(location)}" if location else ""
        say(f"this is a bug in gitver: {type(error).__name__}: {error}{where}")


def _react(
    location: Location, environment: Mapping[str, str], name: str, arguments: list[str]
) -> None:
    stashed = False
    if name == "pre-commit":
        from gitver_hooks.installation.pre_commit import has_stashed_changes, stage_of_pre_commit

        name, arguments = stage_of_pre_commit(environment)
        stashed = has_stashed_changes(environment)
    if (
        name == "post-checkout"
        and arguments[2:] == ["0"]
        and "_PRE_COMMIT_SKIP_POST_CHECKOUT" in environment
    ):
        # pre-commit's own stashing: the worktree is back as it was before anybody looks at it.
        return
    operation = operation_under_way(location.git_dir)
    if operation == REBASE and not ends_rebase(location.git_dir, name, arguments):
        from gitver_hooks.handover.active_model_file import remove_active_model_file

        # One pick of many: what the rebase ends in is recorded, once, when it ends.
        remove_active_model_file(location)
        return
    _record(location, environment, register=operation != BISECT, stashed=stashed)


def _record(
    location: Location, environment: Mapping[str, str], *, register: bool, stashed: bool
) -> None:
    from gitver_hooks.runtime.activation import true_state

    state = None if stashed else true_state(location, environment)
    if state is None:
        from gitver_hooks.handover.active_state import read_state
        from gitver_hooks.recording.record import record

        recorded = record(location, environment, register=register, keep_file=not stashed)
        if register and recorded.model_id is None:
            say(f"{recorded.model_name} is not in MLflow yet: {recorded.problem}")
        # What was recorded just now needs no second look at the worktree.
        is_known = recorded.model_id is not None and not recorded.was_new
        state = read_state(location) if is_known else None
    if state is not None and register:
        import time

        from gitver_hooks.handover.recheck import recheck_in_background

        recheck_in_background(location, float(state.recheck or 0), time.time())
