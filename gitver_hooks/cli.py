"""The command line: which verb is asked for, and what its failures look like."""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gitver_hooks.gitfiles.location import Location

VERBS = (
    *("install", "allow", "uninstall", "status", "id", "model", "run", "sync"),
    *("log", "show", "report"),
    *("doctor", "demo", "completion", "hook"),
)

DONE, FAILED, BUG, INTERRUPTED = 0, 1, 3, 130


def main(arguments: list[str] | None = None) -> int:
    """Run ``gitver ARGUMENTS`` (default: those of the process) and return its exit status.

    0: done; 1: an expected failure, told in one line on standard error; 3: a bug of ours, with
    the traceback in the log. ``gitver hook`` always returns 0: the status of post-checkout becomes
    that of ``git checkout`` (githooks(5)).
    """
    arguments = sys.argv[1:] if arguments is None else arguments
    if arguments[:1] == ["hook"] and arguments[1:2] not in (["-h"], ["--help"], []):
        # Without argparse: this path is a part of every commit and checkout.
        from gitver_hooks.commands.hook import run_hook

        run_hook(arguments[1], arguments[2:])
        return DONE
    return _run_verb(arguments)


def _run_verb(arguments: list[str]) -> int:
    from gitver_hooks.commands.parser import make_parser
    from gitver_hooks.common.errors import GitverError
    from gitver_hooks.common.printing import say
    from gitver_hooks.handover.environment import user_environment
    from gitver_hooks.handover.log import log, log_path

    try:
        options = make_parser(VERBS, arguments).parse_args(arguments)
        options.environment = user_environment(os.environ)
        options.folder = os.getcwd()
        status: int = options.run(options)
        sys.stdout.flush()
        return status
    except GitverError as error:
        say(error)
        log(_location(), error, error)
        return FAILED
    except KeyboardInterrupt:
        return INTERRUPTED
    except ModuleNotFoundError as error:
        say(f"{error.name} is not installed; install gitver-hooks with its dependencies")
        return FAILED
    except PermissionError as error:
        say(f"{error.filename}: {error.strerror}; let this user read and write the git dir")
        return FAILED
    except BrokenPipeError:
        # Whoever read our output has seen enough; nothing is left to say on it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except Exception as error:
        location = _location()
        log(location, f"bug in gitver {' '.join(arguments)}", error)
        where = f"; the details are in {log_path(location)}" if location else ""
        say(f"this is a bug in gitver: {type(error).__name__}: {error}{where}")
        return BUG


def _location() -> Location | None:
    """The worktree whose log takes an error; None if there is none that is ours to write to."""
    from gitver_hooks.common.errors import GitverError
    from gitver_hooks.gitfiles.location import find

    try:
        return find(".", os.environ)
    except (GitverError, OSError):
        return None


if __name__ == "__main__":
    sys.exit(main())
