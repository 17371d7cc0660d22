"""Kill a keeper before each of its steps on disk: run as a program, in a process of its own.

The arguments are worktrees with the same captured version, and ``--from NUMBER``. In the first
worktree, the process is killed before that step, in the next one before the one after, and so on. A
step is whatever Python reports to its audit hooks about files in ``objects`` or ``refs``. The
output is one line per worktree: what the step was, or ``kept`` if there was none any more.
"""

from __future__ import annotations

import os
import signal
import sys

from gitver_hooks.gitfiles.location import find_location
from gitver_hooks.keeping.keep import keep_captured
from gitver_hooks.version import secret_values, withhold

_EVENTS = ("open", "os.mkdir", "os.rename", "os.remove", "os.utime", "os.chmod")
# Imported before the first fork: each child would need a tenth of a second for them.
_SLOW_IMPORTS = (secret_values, withhold)


def main() -> None:
    first, *worktrees = sys.argv[1:]
    for number, worktree in enumerate(worktrees, int(first)):
        reading, writing = os.pipe()
        child = os.fork()
        if not child:
            _keep_until(number, worktree, writing)
        os.close(writing)
        with os.fdopen(reading) as pipe:
            step = pipe.read()
        _, status = os.waitpid(child, 0)
        assert os.WIFSIGNALED(status) == bool(step), (step, status)
        print(step or "kept", flush=True)


def _keep_until(number: int, worktree: str, writing: int) -> None:
    remaining = number

    def hook(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal remaining
        path = str(arguments[0]) if arguments else ""
        if event not in _EVENTS or not ("/objects/" in path or "/refs/" in path):
            return
        if event == "open" and not _writes(arguments):
            return
        remaining -= 1
        if not remaining:
            os.write(writing, f"{event} {os.path.relpath(path, worktree)}".encode())
            os.kill(os.getpid(), signal.SIGKILL)

    location = find_location(worktree, os.environ)
    assert location is not None
    sys.addaudithook(hook)
    keep_captured(location, os.environ)
    os._exit(0)


def _writes(arguments: tuple[object, ...]) -> bool:
    _, _, flags = arguments
    return bool(isinstance(flags, int) and flags & (os.O_WRONLY | os.O_RDWR))


if __name__ == "__main__":
    main()
