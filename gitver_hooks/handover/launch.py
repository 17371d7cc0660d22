"""The background: a deliverer of its own, started detached, waited for up to a bound.

Only a process that can be left behind is a bound on MLflow's client (a body that drips byte by byte
outlasts every timeout it has), so there is no other way to deliver than this one.
"""

from __future__ import annotations

import os
import sys
import time

from gitver_hooks.common.package import IMPORT_DIR
from gitver_hooks.gitfiles.location import Location

TYPE_CHECKING = False
if TYPE_CHECKING:
    import subprocess

# Run with -c, whose sys.path starts with the current folder: that entry goes, and what PYTHONPATH
# names inside the worktree goes to the end. A worktree that is a checkout of dulwich or MLflow then
# hides neither these packages nor a module of the standard library. gitver itself is the one that
# starts the delivery. The fork leaves the starter nothing to wait for, however long that takes.
_PROGRAM = """\
import os, sys
sys.path[0] or sys.path.pop(0)
installed = sys.argv.pop(1)
worktree = os.path.join(os.path.realpath(sys.argv[1]), "")
variable = {os.path.abspath(p) for p in os.environ.get("PYTHONPATH", "").split(os.pathsep)}
sys.path.sort(
    key=lambda p: p in variable and os.path.join(os.path.realpath(p), "").startswith(worktree)
)
sys.path.insert(0, installed)
import gitver_hooks
sys.path.append(sys.path.pop(0))
if os.fork():
    os._exit(0)
os.setsid()
from gitver_hooks.recording.deliver import main
main(sys.argv[1:])
"""

BUSY = b"busy"


def start_delivery(location: Location) -> subprocess.Popen[bytes]:
    """Start to deliver what waits in the outbox, in a process that outlives this one.

    Its standard output is a pipe that ends when it does; the other streams are closed, for an
    inherited one would hold whoever reads this process's output. Raises OSError.
    """
    import subprocess

    return subprocess.Popen(
        _command(location),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=location.worktree,
        env=_environment(),
    )


def start_recheck(location: Location) -> None:
    """Have MLflow asked whether the active model of the worktree is still there; return at once.

    By way of a shell, which is left sooner than a Python that starts only to fork, and without
    importing subprocess: this is a part of an app's start now and then. Raises OSError.
    """
    words = ["sh", "-c", '"$@" </dev/null >/dev/null 2>&1 &', "sh", *_command(location)]
    shell = os.posix_spawn("/bin/sh", [*words, "--recheck"], _environment())
    os.waitpid(shell, 0)


def _command(location: Location) -> list[str]:
    return [_interpreter(), "-c", _PROGRAM, IMPORT_DIR, location.worktree]


def leave(process: subprocess.Popen[bytes]) -> None:
    """Let the delivery go on by itself."""
    if process.stdout is not None:
        process.stdout.close()
    # The process that was started only forks; the one that delivers is nobody's child.
    process.wait()


def wait_for_delivery(process: subprocess.Popen[bytes], deadline: float) -> bool:
    """Wait until the delivery ends, or until ``deadline`` (time.monotonic(), seconds).

    False where another delivery is under way and this one gave way to it.
    """
    import select

    assert process.stdout is not None
    said = b""
    while (remaining := deadline - time.monotonic()) > 0:
        if not select.select([process.stdout], [], [], remaining)[0]:
            break
        part = os.read(process.stdout.fileno(), 64)
        if not part:
            break
        said += part
    leave(process)
    return said != BUSY


def _interpreter() -> str:
    # Where Python is embedded (uWSGI, some notebooks) sys.executable is the host program.
    name = os.path.basename(sys.executable or "")
    if name.startswith(("python", "pypy")):
        return sys.executable
    return os.path.join(sys.prefix, "bin", "python3")


def _environment() -> dict[str, str]:
    # GIT_DIR and its like, which hooks inherit, speak of the repository of the hook; the delivery
    # finds its own. An active model has no meaning there.
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("GIT_") and name != "MLFLOW_ACTIVE_MODEL_ID"
    }
