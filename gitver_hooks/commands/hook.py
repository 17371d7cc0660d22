"""Record the worktree after something has changed it. git and pre-commit call this.

NAME is the hook's (post-commit, post-checkout, post-merge, post-rewrite, post-applypatch), or
pre-commit if pre-commit runs it. It never fails, never waits for MLflow, and prints nothing unless
something is wrong.
"""

from __future__ import annotations

import time

from gitver_hooks.common.errors import GitverError
from gitver_hooks.common.printing import say
from gitver_hooks.gitfiles.apps import has_only_root
from gitver_hooks.gitfiles.location import Location, find_location, recorded_apps
from gitver_hooks.gitfiles.operation import BISECT, REBASE, ends_rebase, operation_under_way
from gitver_hooks.handover.active_model_file import remove_active_model_file
from gitver_hooks.handover.bugs import log_bug
from gitver_hooks.handover.current_state import current_state
from gitver_hooks.handover.environment import is_disabled, user_environment
from gitver_hooks.handover.log import log
from gitver_hooks.handover.notices import leave_notice, take_notice
from gitver_hooks.handover.recheck import recheck_if_due

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

    from gitver_hooks.recording.apps import RecordApp

PRE_COMMIT = "pre-commit"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The name of the hook, and its arguments."""
    parser.add_argument("name", metavar="NAME", help="the name of the hook")
    parser.add_argument("arguments", metavar="ARG", nargs="*", help="what git passes to the hook")


def run(arguments: argparse.Namespace) -> int:
    """Run the hook as git would."""
    run_hook(arguments.name, arguments.arguments, arguments.environment)
    return 0


def run_hook(name: str, arguments: list[str], environment: Mapping[str, str]) -> None:
    """Handle the hook ``name``. Any failure becomes one line and an entry in the log."""
    environment = user_environment(environment)
    if is_disabled(environment):
        return
    location = None
    problem = None
    try:
        location = find_location(".", environment)
        if location is not None:
            _react(location, environment, name, arguments)
    except GitverError as error:
        problem = str(error)
        log(location, f"{name}: {error}", environment=environment)
    except KeyboardInterrupt:
        problem = "interrupted; `gitver model` records this version"
    except Exception as error:
        problem = log_bug(location, f"hook {name}", error, environment)
    if location is not None:
        _report(location, environment, name, problem)
    elif problem is not None:
        say(problem, environment)


def _report(
    location: Location, environment: Mapping[str, str], name: str, problem: str | None
) -> None:
    """Print what went wrong: now, or else in the background, in one line.

    pre-commit hides the output of a hook that passes: there, the next shim, command or native hook
    prints it.
    """
    if name == PRE_COMMIT:
        if problem is not None:
            from gitver_hooks.common.masking import mask

            leave_notice(location, mask(problem, environment=environment))
        return
    # A notice waits for the next hook, and often only repeats the problem.
    line = problem or take_notice(location)
    if line is not None:
        say(line, environment)


def _react(
    location: Location, environment: Mapping[str, str], name: str, arguments: list[str]
) -> None:
    stashed = False
    if name == PRE_COMMIT:
        from gitver_hooks.installation.pre_commit import has_stashed_changes, stage_of_pre_commit

        name, arguments = stage_of_pre_commit(environment)
        stashed = has_stashed_changes(environment)
    if _is_left_to_another_hook(name, arguments, environment):
        return
    operation = operation_under_way(location.git_dir)
    if operation == REBASE and not ends_rebase(location.git_dir, name, arguments):
        # One pick of many: the result of the rebase is recorded once, when it ends.
        for app in recorded_apps(location):
            remove_active_model_file(app)
    elif operation == BISECT:
        _record_bisect(location, environment)
    elif stashed:
        _record_stashed(location, environment)
    else:
        _record(location, environment)


def _is_left_to_another_hook(
    name: str, arguments: list[str], environment: Mapping[str, str]
) -> bool:
    if name == "post-rewrite":
        # `git commit --amend` has run post-commit right before.
        return arguments[:1] == ["amend"]
    # pre-commit's own stashing: the worktree will be restored before anything else runs.
    is_of_files = name == "post-checkout" and arguments[2:] == ["0"]
    return is_of_files and "_PRE_COMMIT_SKIP_POST_CHECKOUT" in environment


def _record(location: Location, environment: Mapping[str, str]) -> None:
    if has_only_root(location):
        state = current_state(location, environment)
        if state is not None:
            recheck_if_due(location, environment, state, time.time())
            return
    # Imported only here: a version that is known and fresh needs none of it.
    from gitver_hooks.recording.record import record

    _record_all(location, environment, record)


def _record_bisect(location: Location, environment: Mapping[str, str]) -> None:
    """Register nothing: the shim registers the steps of a bisect that are really run."""
    if has_only_root(location) and current_state(location, environment) is not None:
        return
    from gitver_hooks.recording.record import record_if_known

    _record_all(location, environment, record_if_known)


def _record_stashed(location: Location, environment: Mapping[str, str]) -> None:
    """Register the commit: pre-commit brings its unstaged changes back once this hook has ended."""
    from gitver_hooks.recording.record import record_before_change

    _record_all(location, environment, record_before_change)


def _record_all(location: Location, environment: Mapping[str, str], record_app: RecordApp) -> None:
    """Record each app, and have what is new delivered. Raises the first app's GitverError."""
    from gitver_hooks.recording.apps import record_all
    from gitver_hooks.recording.record import HOOK_LOCK_SECONDS

    result = record_all(location, environment, HOOK_LOCK_SECONDS, record_app)
    stores = {
        recorded.store.key: app
        for app, recorded in result.apps
        if recorded.registration is not None
    }
    for key, app in stores.items():
        _deliver_in_background(app, environment, key)
    if result.failures:
        raise result.failures[0]


def _deliver_in_background(location: Location, environment: Mapping[str, str], key: str) -> None:
    from gitver_hooks.handover.launch import start_deliverer

    try:
        start_deliverer(location, environment, key)
    except OSError as error:
        raise GitverError(
            f"the deliverer cannot be started: {error}", "run `gitver sync`"
        ) from error
