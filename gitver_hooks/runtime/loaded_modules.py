"""Which modules of the worktree this process has loaded, and which have changed since.

Standard library only. A module has changed since it was loaded unless its file was last changed
before the process began to load it. When that was is known exactly for what is imported after this
module, or reloaded without an error: a finder notes the time of each look-up (the import system
asks all finders before it loads, ``importlib.reload`` too). For everything else it is the start of
the process. The time of the last change is the larger of mtime and ctime: tools that preserve the
mtime cannot preserve the ctime (stat(2)).
"""

from __future__ import annotations

import os
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from importlib.abc import Loader
    from importlib.machinery import ModuleSpec
    from types import ModuleType

# Nanoseconds. A file's times are those of the kernel's last tick, of at most 10 ms (CONFIG_HZ).
_TICK = 10_000_000
# Nanoseconds. The start is known to 10 ms, and Python takes some more until it reads a script.
_START_TICK = 15_000_000


class _NotingLoader:
    """A module's own loader for one reload, whose success is noted: else the old code stays."""

    def __init__(self, spec: ModuleSpec, loader: Loader, note: Callable[[], None]) -> None:
        self._spec = spec
        self._loader = loader
        self._note = note

    def __getattr__(self, name: str) -> object:
        return getattr(self._loader, name)

    def exec_module(self, module: ModuleType) -> None:
        # Whatever becomes of the module, its loader is its own again.
        self._spec.loader = module.__loader__ = self._loader
        self._loader.exec_module(module)
        self._note()


class _LookUps:
    """A finder that notes when each module was looked up, and leaves finding it to the others."""

    def __init__(self) -> None:
        self.times: dict[str, int] = {}

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        began = time.time_ns()
        if target is None:
            self.times[name] = began
            return None
        spec = self._found_by_others(name, path, target)
        # A loader without exec_module is as old as Python 3.3: such a reload is not noted.
        if spec is not None and spec.loader is not None and hasattr(spec.loader, "exec_module"):
            loader = _NotingLoader(spec, spec.loader, lambda: self._note(name, began))
            spec.loader = loader  # type: ignore[assignment]
        return spec

    def _note(self, name: str, began: int) -> None:
        self.times[name] = began

    def _found_by_others(
        self, name: str, path: Sequence[str] | None, target: ModuleType
    ) -> ModuleSpec | None:
        """What the import system would find for a reload if this finder did not exist."""
        for finder in list(sys.meta_path):
            if finder is self:
                continue
            find_spec = getattr(finder, "find_spec", None)
            if find_spec is None:
                # As old as Python 3.3, too: the import system knows how to ask it.
                return None
            spec: ModuleSpec | None = find_spec(name, path, target)
            if spec is not None:
                return spec
        return None


def _process_start() -> int:
    """When this process began to load modules, in nanoseconds since the epoch.

    Linux tells when a process was forked, in ticks after boot (proc(5)). A worker that its master
    forked without executing anything has loaded the modules of the master, so the master's start
    counts. Elsewhere, apps that import the shim first lose nothing with the present time.
    """
    try:
        process = os.getpid()
        command = _command_line(process)
        while True:
            ticks, parent = _stat(process)
            if parent <= 1 or _command_line(parent) != command:
                break
            process = parent
        return _time_of_boot() + ticks * (1_000_000_000 // os.sysconf("SC_CLK_TCK"))
    except (OSError, AttributeError, ValueError, IndexError):
        return time.time_ns()


def _time_of_boot() -> int:
    """When the machine was started, in nanoseconds since the epoch.

    Of several readings of both clocks, the one counts between which the process waited the least.
    """
    readings = []
    for _ in range(5):
        before = time.clock_gettime_ns(time.CLOCK_BOOTTIME)
        now = time.time_ns()
        readings.append((time.clock_gettime_ns(time.CLOCK_BOOTTIME) - before, now - before))
    return min(readings)[1]


def _stat(process: int) -> tuple[int, int]:
    """The start of a process in clock ticks after boot, and its parent."""
    with open(f"/proc/{process}/stat", "rb") as file:
        # The second field is the name, in parentheses, which may contain anything.
        fields = file.read().rpartition(b")")[2].split()
    return int(fields[19]), int(fields[1])


def _command_line(process: int) -> bytes:
    with open(f"/proc/{process}/cmdline", "rb") as file:
        return file.read()


_LOOK_UPS = _LookUps()
_STARTED = _process_start()
sys.meta_path.insert(0, _LOOK_UPS)


def changed_modules(worktree: str) -> dict[str, int]:
    """The loaded modules that have changed since: file, and when it was loaded.

    Files are relative to ``worktree``, times are in nanoseconds since the epoch.
    """
    changed: dict[str, int] = {}
    for name, file in _modules_in(worktree):
        looked_up = _LOOK_UPS.times.get(name)
        latest = looked_up - _TICK if looked_up is not None else _STARTED + _START_TICK
        if _last_change(os.path.join(worktree, file)) > latest:
            changed[file] = max(changed.get(file, 0), looked_up or _STARTED)
    return changed


def mark_as_current(worktree: str, time_ns: int) -> None:
    """Note that all loaded modules are what was on disk at ``time_ns``."""
    for name, _ in _modules_in(worktree):
        _LOOK_UPS.times[name] = max(time_ns, _LOOK_UPS.times.get(name, 0))


def _modules_in(worktree: str) -> Iterator[tuple[str, str]]:
    """The name and the file, relative to ``worktree``, of each loaded module of the worktree."""
    roots = {worktree + os.sep, os.path.realpath(worktree) + os.sep}
    installed = tuple(os.path.abspath(prefix) + os.sep for prefix in {sys.prefix, sys.base_prefix})
    for name, module in list(sys.modules.items()):
        # Not getattr: modules that are loaded lazily would be loaded.
        file = getattr(module, "__dict__", {}).get("__file__")
        if not isinstance(file, str) or file.startswith(installed):
            continue
        for root in roots:
            if file.startswith(root) and f"{os.sep}site-packages{os.sep}" not in file:
                yield name, file[len(root) :]
                break


def _last_change(path: str) -> int:
    """When the file last changed, in nanoseconds since the epoch; now if it is gone."""
    try:
        status = os.stat(path)
    except OSError:
        return time.time_ns()
    return max(status.st_mtime_ns, status.st_ctime_ns)
