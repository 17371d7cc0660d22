"""Checks gitver's own state in a worktree: its folders, the outbox and the active model."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping

from gitver_hooks.common.errors import GitverError
from gitver_hooks.diagnosis.finding import OK, PROBLEM, WARNING, Finding
from gitver_hooks.gitfiles.location import Location, check_state_folders
from gitver_hooks.handover.active_model_file import read_active_model_file
from gitver_hooks.handover.current_state import current_state
from gitver_hooks.recording.outbox import Outbox


def check_state(location: Location, environment: Mapping[str, str]) -> Iterator[Finding]:
    """Findings about the folders in which gitver keeps its state."""
    try:
        check_state_folders(location, environment)
    except GitverError as error:
        yield Finding("state", PROBLEM, error.message, error.remedy)
        return
    for folder in sorted({location.state_dir, location.shared_state_dir}):
        existing = folder if os.path.exists(folder) else os.path.dirname(folder)
        if not os.access(existing, os.W_OK | os.X_OK):
            yield Finding(
                "state", PROBLEM, f"this user cannot write {existing}", "change its permissions"
            )
            return
    yield Finding("state", OK, f"{location.shared_state_dir} can be written")


def check_outbox(location: Location) -> Iterator[Finding]:
    """Findings about registrations that MLflow has not confirmed."""
    outbox = Outbox(location)
    waiting, rejected = outbox.counts()
    if rejected:
        reason = "".join(f"; the first: {entry.error}" for entry in outbox.rejected(1))
        yield Finding(
            "outbox",
            PROBLEM,
            f"{rejected} registrations were rejected{reason}",
            "fix the cause, then run `gitver sync --retry`; `gitver sync --discard` deletes them",
        )
    if waiting:
        reason = "".join(
            f"; the first: {entry.error}" for entry in outbox.waiting(1) if entry.error
        )
        yield Finding(
            "outbox",
            WARNING,
            f"{waiting} registrations are waiting for MLflow{reason}",
            "run `gitver sync` when MLflow is reachable",
        )
    if not waiting and not rejected:
        yield Finding("outbox", OK, "nothing is waiting for MLflow")


def check_active_model(location: Location, environment: Mapping[str, str]) -> Finding:
    """The finding about the active-model file of the worktree."""
    try:
        model_id = read_active_model_file(location.active_model_file)
        if model_id is not None and current_state(location, environment) is not None:
            return Finding("active model", OK, f"{model_id} is the model of this code")
    except GitverError as error:
        return Finding("active model", PROBLEM, error.message, error.remedy)
    state = "is out of date" if model_id else "does not exist"
    return Finding(
        "active model",
        WARNING,
        f"{location.active_model_file} {state}",
        "`gitver model` updates it; the app's shim does the same",
    )
