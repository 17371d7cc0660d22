"""Runs the command line: the requested command, whose failures become one line."""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from gitver_hooks.gitfiles.location import Location

VERBS = (
    *("install", "allow", "uninstall", "status", "id", "model", "run", "sync"),
    *("log", "show", "compare", "report"),
    *("restore", "diff", "prune"),
    *("doctor", "demo", "completion", "hook"),
)

DONE, FAILED, BUG, INTERRUPTED = 0, 1, 3, 130
_HELP = ("-h", "--help")
# These print the result of their own delivery; the failure of an earlier one would only confuse.
_DELIVERS_ITSELF = ("sync",)


def main(arguments: list[str] | None = None) -> int:
    """Run ``gitver ARGUMENTS`` (default: those of the process) and return its exit status.

    0: success; 1: an expected failure, one line on standard error; 3: a bug of ours, with the
    traceback in the log. ``gitver hook`` always returns 0: the status of post-checkout becomes that
    of ``git checkout`` (githooks(5)).
    """
    arguments = sys.argv[1:] if arguments is None else arguments
    verb, verb_arguments = (arguments[0], arguments[1:]) if arguments else ("", [])
    if verb == "hook" and verb_arguments and verb_arguments[0] not in _HELP:
        # Without argparse: this path is part of every commit and checkout.
        from gitver_hooks.commands.hook import run_hook

        run_hook(verb_arguments[0], verb_arguments[1:], os.environ)
        return DONE
    if verb in ("deliver", "keep", "refresh"):
        return _run_internal(verb, verb_arguments)
    return _run_verb(arguments)


def _run_internal(verb: str, arguments: list[str]) -> int:
    """Run a command that hooks or the shim start; its output is for programs."""
    from gitver_hooks.handover.environment import user_environment

    environment = user_environment(os.environ)
    try:
        if verb == "deliver":
            from gitver_hooks.commands.deliver import run_deliver

            return run_deliver(arguments, environment)
        if verb == "keep":
            from gitver_hooks.commands.keep import run_keep

            return run_keep(arguments, environment)
        from gitver_hooks.commands.refresh import run_refresh

        return run_refresh(arguments, environment)
    except ModuleNotFoundError as error:
        return _without_dependency(verb, arguments, environment, error)
    except Exception as error:
        from gitver_hooks.handover.bugs import log_bug

        location = _location(arguments[0], environment) if arguments else None
        _give_up(verb, arguments, location, log_bug(location, verb, error, environment))
        return BUG


def _without_dependency(
    verb: str, arguments: list[str], environment: Mapping[str, str], error: ModuleNotFoundError
) -> int:
    """Report which dependency of the recording half is missing: to the app, or as a notice."""
    from gitver_hooks.handover.refreshed import Refreshed

    problem = (
        f"{error.name} is not installed for {sys.executable}, so this code has no version; "
        "install gitver-hooks with its dependencies, or leave .git out of the container"
    )
    location = _location(arguments[0], environment)
    if verb == "refresh":
        sys.stdout.buffer.write(Refreshed(problem=problem, failed=True).encode())
        sys.stdout.buffer.flush()
    else:
        _give_up(verb, arguments, location, problem)
    return FAILED


def _give_up(verb: str, arguments: list[str], location: Location | None, problem: str) -> None:
    """Leave a notice for the next command, and tell an app that waits for a delivery."""
    from gitver_hooks.handover.notices import leave_notice
    from gitver_hooks.recording.circuit_breaker import open_breaker

    if location is None:
        return
    leave_notice(location, problem)
    if verb == "deliver":
        open_breaker(location, arguments[1], problem)


def _run_verb(arguments: list[str]) -> int:
    from gitver_hooks.commands.parser import make_parser
    from gitver_hooks.common.errors import GitverError
    from gitver_hooks.common.printing import say
    from gitver_hooks.handover.bugs import log_bug
    from gitver_hooks.handover.environment import user_environment
    from gitver_hooks.handover.log import log

    try:
        options = make_parser(VERBS, arguments).parse_args(arguments)
        options.environment = user_environment(os.environ)
        options.folder = os.getcwd()
        if arguments[0] not in _DELIVERS_ITSELF:
            _print_notice(options.folder, options.environment)
        status: int = options.run(options)
        sys.stdout.flush()
        return status
    except GitverError as error:
        say(error, os.environ)
        log(_location(".", os.environ), error, environment=os.environ)
        return FAILED
    except KeyboardInterrupt:
        return INTERRUPTED
    except ModuleNotFoundError as error:
        say(f"{error.name} is not installed; install gitver-hooks with its dependencies")
        return FAILED
    except PermissionError as error:
        say(f"{error.filename}: {error.strerror}; give this user access to the git dir")
        return FAILED
    except BrokenPipeError:
        # The reader of our output has closed the pipe, as in `gitver log | head`.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except Exception as error:
        say(log_bug(_location(".", os.environ), " ".join(arguments), error, os.environ), os.environ)
        return BUG


def _print_notice(folder: str, environment: Mapping[str, str]) -> None:
    """Print what went wrong in the background since the last command."""
    from gitver_hooks.common.printing import say
    from gitver_hooks.handover.notices import take_notice

    location = _location(folder, environment)
    notice = take_notice(location) if location is not None else None
    if notice is not None:
        say(notice, environment)


def _location(folder: str, environment: Mapping[str, str]) -> Location | None:
    """The worktree that contains ``folder``; None if there is none or it is another user's."""
    from gitver_hooks.common.errors import GitverError
    from gitver_hooks.gitfiles.location import find_location

    try:
        return find_location(folder, environment)
    except (GitverError, OSError):
        return None


if __name__ == "__main__":
    sys.exit(main())
