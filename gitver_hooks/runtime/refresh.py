"""Starts the recording half as another process to find out the version of the app's code.

Standard library only. While the other process works, this one imports the modules of MLflow that
the app is about to use anyway, so that a start on new code takes little longer than any other.
"""

from __future__ import annotations

import time

from gitver_hooks.common.errors import GitverError
from gitver_hooks.common.printing import say_on_terminal
from gitver_hooks.gitfiles.location import Location
from gitver_hooks.handover.active_state import read_state
from gitver_hooks.handover.launch import start_refresh
from gitver_hooks.handover.refreshed import Refreshed
from gitver_hooks.handover.store import chosen_tracking_uri

TYPE_CHECKING = False
if TYPE_CHECKING:
    import subprocess
    from collections.abc import Mapping
    from typing import IO

# Seconds. A known version is found within this time, so there is nothing to wait for.
_HEAD_START_SECONDS = 0.3
# Seconds. After that, a user at a terminal is told what they are waiting for.
_PATIENCE_SECONDS = 0.5


def refresh(location: Location, environment: Mapping[str, str], on_stale: str) -> Refreshed:
    """The model and store for this process, by the rule ``on_stale`` (empty: the setting).

    Raises GitverError if that cannot be found out.
    """
    try:
        process = start_refresh(location, environment, on_stale)
    except OSError as error:
        raise GitverError(
            "the code may have changed since .mlflow-active-model was written, and gitver cannot be"
            f" run to check: {error}",
            "install gitver-hooks with its dependencies, or leave .git out of the container",
        ) from error
    refreshed = Refreshed.decode(_output(process, location, environment))
    if refreshed is None:
        raise GitverError(
            "the code may have changed since .mlflow-active-model was written, and gitver exited"
            f" with status {process.returncode} before it had checked",
            "run `gitver status` with this interpreter, or leave .git out of the container",
        )
    return refreshed


def _output(
    process: subprocess.Popen[bytes], location: Location, environment: Mapping[str, str]
) -> bytes:
    started = time.monotonic()
    assert process.stdout is not None
    with process.stdout as stream:
        if not _can_be_read(stream, _HEAD_START_SECONDS):
            _import_mlflow(location, environment)
            patience = started + _PATIENCE_SECONDS - time.monotonic()
            if not _can_be_read(stream, max(0.0, patience)):
                say_on_terminal("this code is new: waiting for MLflow to register it ...")
        content = stream.read()
    process.wait()
    return content


def _can_be_read(stream: IO[bytes], seconds: float) -> bool:
    import select

    return bool(select.select([stream], [], [], seconds)[0])


def _import_mlflow(location: Location, environment: Mapping[str, str]) -> None:
    """Import the modules that an app imports next if it uses MLflow."""
    names = ["mlflow", "mlflow.tracking.fluent", "mlflow.tracing.provider"]
    state = read_state(location)
    uri = chosen_tracking_uri(environment) or (state.tracking_uri if state else "sqlite:")
    if uri.startswith("sqlite:"):
        names.append("mlflow.store.tracking.sqlalchemy_store")
    try:
        from importlib import import_module

        for name in names:
            import_module(name)
    except Exception:
        # An app without a working MLflow fails by itself.
        pass
