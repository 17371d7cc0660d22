"""Starts the recording half as a separate process (standard library only).

The runtime half never imports the recording half. It starts the command line, as a git hook does,
with the interpreter and the package that are installed: a module of the app that has the name of
one of our dependencies cannot get in the way.
"""

from __future__ import annotations

import os
import sys

from gitver_hooks.common.package import IMPORT_DIR
from gitver_hooks.gitfiles.location import Location
from gitver_hooks.handover.environment import MODEL_ID

TYPE_CHECKING = False
if TYPE_CHECKING:
    import subprocess
    from collections.abc import Mapping

# With -c, sys.path starts with the current folder; with -E, PYTHONPATH does not count.
_BOOTSTRAP = """\
import sys
sys.path[:] = [folder for folder in sys.path if folder]
sys.path.append(sys.argv.pop(1))
from gitver_hooks.cli import main
sys.exit(main())
"""
# `git rev-parse --local-env-vars`. Hooks inherit them, but the recording half finds the repository
# by itself.
_LOCAL_TO_A_REPOSITORY = (
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_CONFIG",
    "GIT_CONFIG_COUNT",
    "GIT_CONFIG_PARAMETERS",
    "GIT_DIR",
    "GIT_GRAFT_FILE",
    "GIT_IMPLICIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_INTERNAL_SUPER_PREFIX",
    "GIT_NO_REPLACE_OBJECTS",
    "GIT_OBJECT_DIRECTORY",
    "GIT_PREFIX",
    "GIT_REPLACE_REF_BASE",
    "GIT_SHALLOW_FILE",
    "GIT_WORK_TREE",
)


def without_repository(environment: Mapping[str, str]) -> dict[str, str]:
    """``environment`` without the variables by which git and its hooks name a repository."""
    return {
        name: value for name, value in environment.items() if name not in _LOCAL_TO_A_REPOSITORY
    }


def start_deliverer(
    location: Location, environment: Mapping[str, str], store_key: str, *options: str
) -> None:
    """Start ``gitver deliver`` for one store of the outbox, detached, and return immediately.

    Raises OSError.
    """
    _start_detached(environment, "deliver", location.folder, store_key, *options)


def start_keeper(location: Location, environment: Mapping[str, str]) -> None:
    """Start ``gitver keep``, detached, and return immediately. Raises OSError."""
    _start_detached(environment, "keep", location.folder)


def start_refresh(
    location: Location, environment: Mapping[str, str], on_stale: str
) -> subprocess.Popen[bytes]:
    """Start ``gitver refresh``, which writes an encoded ``Refreshed`` to its standard output.

    Raises OSError.
    """
    import subprocess

    return subprocess.Popen(
        recording_command("refresh", location.folder, on_stale),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=location.worktree,
        env=_child_environment(environment),
    )


def _start_detached(environment: Mapping[str, str], *words: str) -> None:
    """Start a command in the background, through a shell, so that no child remains to be reaped.

    Its standard streams are /dev/null: a program that captures the output of this process would
    otherwise wait until the command ends.
    """
    command = ["sh", "-c", '"$@" </dev/null >/dev/null 2>&1 &', "sh", *recording_command(*words)]
    shell = os.posix_spawn("/bin/sh", command, _child_environment(environment))
    os.waitpid(shell, 0)


def recording_command(*words: str) -> list[str]:
    """The words that run ``gitver WORDS`` with this interpreter and the installed package."""
    return [_interpreter(), "-E", "-c", _BOOTSTRAP, IMPORT_DIR, *words]


def _interpreter() -> str:
    # Where Python is embedded (uWSGI, some notebooks), sys.executable is the host program.
    name = os.path.basename(sys.executable or "")
    if name.startswith(("python", "pypy")):
        return sys.executable
    return os.path.join(sys.prefix, "bin", "python3")


def _child_environment(environment: Mapping[str, str]) -> dict[str, str]:
    child = without_repository(environment)
    child.pop(MODEL_ID, None)
    return child
