"""Open stores to register versions in, and clients that count or alter what is asked of them."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gitver_hooks.handover.store import Experiment, Store
from gitver_hooks.registry.candidates import FATE
from gitver_hooks.registry.convergence import find_or_create
from gitver_hooks.registry.registration import Registration
from gitver_hooks.registry.store import experiment_id, open_store
from support.servers import clean_environment

COMMIT = "0a1b2c3d" * 5
NAME = f"app-git-{COMMIT[:8]}"


class OpenStore:
    """A store with a client, and an experiment in it that belongs to one test."""

    def __init__(self, uri: str, experiment: str) -> None:
        self.uri = uri
        self.client: Any = open_store(uri)
        self.experiment = experiment_id(self.client, Experiment(experiment))

    def registration(self, **changes: Any) -> Registration:
        store = Store(self.uri, Experiment("", id=self.experiment))
        tags = {"gitver.version": COMMIT, "mlflow.source.git.commit": COMMIT}
        return Registration(COMMIT, NAME, store, tags=tags)._replace(**changes)

    def find_or_create(self, registration: Registration | None = None, seconds: float = 20) -> str:
        return find_or_create(
            self.client,
            self.experiment,
            registration or self.registration(),
            deadline=time.monotonic() + seconds,
        )

    def candidate(
        self, fate: str | None = None, status: str | None = None, version: str | None = COMMIT
    ) -> str:
        """A LoggedModel as a registrar that died may have left it."""
        tags = {"gitver.version": version} if version else {}
        return self.model(NAME, tags, {FATE: fate} if fate else {}, status)

    def model(
        self,
        name: str,
        tags: dict[str, str],
        params: dict[str, str] | None = None,
        status: str | None = None,
    ) -> str:
        """A LoggedModel, certainly older than the next one."""
        model = self.client.create_logged_model(
            experiment_id=self.experiment, name=name, tags=tags, params=params or {}
        )
        if status:
            self.client.finalize_logged_model(model.model_id, status)
        time.sleep(0.002)
        return str(model.model_id)

    def live(self, version: str = COMMIT) -> dict[str, str]:
        """The status of each LoggedModel of the version that is neither deleted nor retired."""
        found = self.client.search_logged_models(experiment_ids=[self.experiment])
        return {
            each.model_id: str(each.status.value)
            for each in found
            if each.tags.get("gitver.version") == version and each.params.get(FATE) != "retired"
        }


class CountingClient:
    """A client that keeps the names of the methods that were called."""

    def __init__(self, client: Any) -> None:
        self.client = client
        self.calls: list[str] = []

    def __getattr__(self, name: str) -> Any:
        if name != "tracking_uri":
            self.calls.append(name)
        return getattr(self.client, name)


class InterruptedClient:
    """A client that calls ``interruption`` just before its first call of ``method``.

    That is what another process may do between two steps of this one.
    """

    def __init__(self, client: Any, method: str, interruption: Callable[[], object]) -> None:
        self.client = client
        self.method = method
        self.interruption: Callable[[], object] | None = interruption

    def __getattr__(self, name: str) -> Any:
        if name == self.method and self.interruption is not None:
            interruption, self.interruption = self.interruption, None
            interruption()
        return getattr(self.client, name)


def run_python(folder: Path, uri: str, program: str) -> str:
    """The standard output of a Python program in ``folder`` that uses the store at ``uri``."""
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=folder,
        env=clean_environment(folder, MLFLOW_TRACKING_URI=uri),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.fixture(params=["sqlite", pytest.param("server", marks=pytest.mark.heavy)])
def store(
    request: pytest.FixtureRequest, sqlite_store: Path, delivering: Callable[[float], None]
) -> OpenStore:
    """The embedded store, and a server on PostgreSQL."""
    delivering(30)
    if request.param == "sqlite":
        return OpenStore(f"sqlite:///{sqlite_store}", request.node.name)
    return OpenStore(request.getfixturevalue("team_server"), request.node.name)


@pytest.fixture
def embedded_store(sqlite_store: Path, delivering: Callable[[float], None]) -> OpenStore:
    delivering(30)
    return OpenStore(f"sqlite:///{sqlite_store}", "Default")
