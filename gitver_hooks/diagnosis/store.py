"""Checks that MLflow's store answers in time, with the right schema and the right experiment."""

from __future__ import annotations

import os
import threading
import time

from gitver_hooks.common.errors import GitverError
from gitver_hooks.diagnosis.finding import OK, PROBLEM, WARNING, Finding
from gitver_hooks.registry.failures import READING, explained
from gitver_hooks.registry.own_process import prepare_own_process
from gitver_hooks.registry.store import open_store
from gitver_hooks.registry.tracking import Tracking, sqlite_file


def check_store(tracking: Tracking, seconds: float) -> Finding:
    """The finding about the store of a worktree, which is neither created nor migrated.

    Waits at most ``seconds``: no timeout of MLflow's client limits a response that arrives slowly.
    """
    store = tracking.store
    address = f"{store.tracking_uri} (from the {tracking.uri_source})"
    path = sqlite_file(tracking.uri)
    if path is not None and not os.path.exists(path):
        return Finding(
            "store", WARNING, f"{address} does not exist yet", "`gitver install` creates it"
        )
    prepare_own_process(seconds)
    started = time.monotonic()
    answers: list[Finding] = []
    thread = threading.Thread(target=lambda: answers.append(_ask(tracking, address)), daemon=True)
    thread.start()
    thread.join(seconds)
    if not answers:
        return Finding(
            "store",
            PROBLEM,
            f"{address} has not answered within {seconds:g} s",
            "check that the server is running and reachable",
        )
    if answers[0].level != OK:
        return answers[0]
    duration = time.monotonic() - started
    return answers[0]._replace(message=f"{answers[0].message}, answered in {duration:.1f} s")


def _ask(tracking: Tracking, address: str) -> Finding:
    experiment = tracking.store.experiment
    try:
        with explained(tracking.uri, READING):
            client = open_store(tracking.uri, READING)
            if experiment.id is not None:
                client.get_experiment(experiment.id)
                exists = True
            else:
                exists = client.get_experiment_by_name(experiment.name) is not None
    except GitverError as error:
        return Finding("store", PROBLEM, error.message, error.remedy)
    state = "" if exists else " (will be created)"
    return Finding("store", OK, f"{address}, experiment {experiment}{state}")
