"""Prepares gitver's own processes for MLflow: quiet, quick to give up, and limited.

The deliverer and the commands call this before they import mlflow. A user's process must never call
it, because it changes the environment, logging, warnings, limits and the HTTP client of the whole
process.
"""

from __future__ import annotations

import gc
import logging
import math
import os
import signal
import sys
import warnings
from collections.abc import Mapping
from contextlib import suppress
from importlib.metadata import entry_points

_LONGEST_REQUEST = 30.0
# Bytes of private memory. Delivering a registration with 1,000 long params to SQLite takes 280 MB
# (VmData in /proc/self/status, MLflow 3.17.2), so this leaves room for plugins and large answers.
LARGEST_MEMORY = 2 * 1024**3
# What the full `mlflow` imports where it is installed, and its client never needs: `mlflow-skinny`
# is the same package without them.
_NOT_FOR_THE_CLIENT = ("matplotlib", "numpy", "pandas", "pyarrow", "scipy", "sklearn")
# Objects allocated between two collections. Importing MLflow creates some hundred thousand objects
# that stay; with the default of 700, looking for garbage among them takes a fifth of the time.
_GARBAGE_THRESHOLD = 100_000
_QUIET = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
}


def detach() -> None:
    """Let this process outlive the terminal it was started from, and let an alarm signal end it."""
    try:
        # A terminal that closes ends the processes of its session.
        os.setsid()
    except OSError:
        pass
    # The kernel ends a process that hangs, whatever happens to its own watchdog.
    signal.signal(signal.SIGALRM, signal.SIG_DFL)


def prepare_own_process(seconds: float) -> None:
    """Make MLflow quiet and quick to give up in this process, and bound its HTTP responses.

    ``seconds`` is how long the process may live. Logging and warnings are switched off because they
    would show passwords, and dozens of lines for one locked file.
    """
    from gitver_hooks.registry.http_limits import limit_http_responses

    gc.set_threshold(_GARBAGE_THRESHOLD)
    _leave_out_what_the_client_never_needs()
    os.environ.update(bounded_environment(os.environ, seconds))
    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
    limit_http_responses()


def _leave_out_what_the_client_never_needs() -> None:
    """Let the full MLflow import no more than ``mlflow-skinny`` does, which takes 40 % less time.

    None in ``sys.modules`` makes an import fail as for a package that is not installed (the import
    system's reference). A plugin for MLflow may need anything, so nothing changes if there is one.
    """
    plugins = (
        point.value
        for group in entry_points().groups
        if group.startswith("mlflow.")
        for point in entry_points(group=group)
    )
    if all(value.startswith("mlflow.") for value in plugins):
        for name in _NOT_FOR_THE_CLIENT:
            sys.modules.setdefault(name, None)  # type: ignore[arg-type]


def bounded_environment(environment: Mapping[str, str], seconds: float) -> dict[str, str]:
    """The variables that limit how long MLflow's client waits, in a process that lives ``seconds``.

    A stricter setting of the user stays. One attempt is made: MLflow's client repeats POST requests
    too, each of which creates a LoggedModel, and trying again is the outbox's task.
    """
    timeout = max(1, math.floor(min(seconds / 2, _LONGEST_REQUEST)))
    limits = {
        "MLFLOW_HTTP_REQUEST_TIMEOUT": timeout,
        "MLFLOW_HTTP_REQUEST_MAX_RETRIES": 0,
        "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": 0,
        "PGCONNECT_TIMEOUT": max(2, timeout),
    }
    stricter = {
        name: str(limit) for name, limit in limits.items() if _exceeds(environment, name, limit)
    }
    return {**_QUIET, "MLFLOW_HTTP_RESPECT_RETRY_AFTER_HEADER": "false", **stricter}


def _exceeds(environment: Mapping[str, str], name: str, limit: float) -> bool:
    with suppress(ValueError):
        return float(environment.get(name, "inf")) > limit
    return True


def limit_memory(largest: int = LARGEST_MEMORY) -> None:
    """Let the kernel refuse this process more than ``largest`` bytes of private memory.

    What goes beyond raises MemoryError, which fails the delivery and nothing else. RLIMIT_DATA
    covers all private writable memory since Linux 4.7 (getrlimit(2)). Unlike RLIMIT_AS it does not
    count mapped libraries, of which MLflow's dependencies bring more than a gigabyte. Nothing
    changes on systems without it, and a stricter limit stays.
    """
    try:
        import resource

        _, hard = resource.getrlimit(resource.RLIMIT_DATA)
        bound = largest if hard == resource.RLIM_INFINITY else min(largest, hard)
        resource.setrlimit(resource.RLIMIT_DATA, (bound, bound))
    except (ImportError, AttributeError, ValueError, OSError):
        return
