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
# What git sets for one repository (`git rev-parse --local-env-vars`) and hooks inherit: the
# recording half finds the repository by itself.
LOCAL_TO_A_REPOSITORY = (
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
    """Start ``gitver refresh``, which writes what an app needs to know to its standard output.

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
    """Let a shell start a command in the background, so that this process has no child to reap.

    The standard streams are closed, because whoever captures this process's output would wait for
    them.
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
    return {
        name: value
        for name, value in environment.items()
        if name not in LOCAL_TO_A_REPOSITORY and name != MODEL_ID
    }
