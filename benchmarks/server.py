"""Measures searches among many models on an MLflow server with a SQLite store."""

from __future__ import annotations

import json
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from benchmarks.children import Failed
from benchmarks.ground import Ground
from benchmarks.results import Results
from benchmarks.timing import Samples, Turns

MODELS = (100, 10_000)
SEARCH = "search by name among {} models"
SEARCH_TAGS = "search by MLflow's own tags among {} models"
SERVER = "server"

_START_SECONDS = 120.0
_TAGS = ("commit", "branch", "dirty", "repoURL")


@contextmanager
def mlflow_server(ground: Ground) -> Iterator[str]:
    """The address of a new ``mlflow server`` on loopback. Raises Failed if it does not start."""
    folder = ground.folder / SERVER
    folder.mkdir()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    address, log = f"http://127.0.0.1:{port}", folder / "log"
    command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1"]
    command += ["--port", str(port), "--workers", "1"]
    command += ["--backend-store-uri", f"sqlite:///{_store(folder)}"]
    command += ["--default-artifact-root", str(folder / "artifacts")]
    environment = {**ground.environment, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
    with (
        log.open("wb") as output,
        subprocess.Popen(
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        ) as process,
    ):
        try:
            _wait_until_healthy(address, process, log)
            yield address
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(30)


def _wait_until_healthy(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    started = time.monotonic()
    while process.poll() is None and time.monotonic() - started < _START_SECONDS:
        try:
            with urllib.request.urlopen(f"{address}/health", timeout=10):
                return
        except OSError:
            time.sleep(0.1)
    raise Failed(f"mlflow server did not start: {log.read_text()[-2000:]}")


def measure_searches(ground: Ground, address: str, turns: Turns, results: Results) -> None:
    """Measure the search for a version, and the search of MLflow's own versioning."""
    store = _store(ground.folder / SERVER)
    for models in MODELS:
        _grow(store, models)
        number = models // 2
        by_tags = " AND ".join(
            f"tags.`mlflow.source.git.{tag}` = '{_tag(tag, number)}'" for tag in _TAGS
        )
        searches = {
            SEARCH.format(models): f"name = '{_name(number)}'",
            SEARCH_TAGS.format(models): by_tags,
        }
        samples = {name: Samples() for name in searches}
        for turn in range(turns.warm_up + turns.counted):
            for name, condition in searches.items():
                seconds = _search(address, condition)
                if turn >= turns.warm_up:
                    samples[name].seconds.append(seconds)
        results.add(SERVER, samples)


def _search(address: str, condition: str) -> float:
    """The seconds of one search, which must find one model."""
    body = json.dumps({"experiment_ids": ["0"], "filter": condition}).encode()
    request = urllib.request.Request(
        f"{address}/api/2.0/mlflow/logged-models/search",
        body,
        {"Content-Type": "application/json"},
    )
    started = time.perf_counter()
    with urllib.request.urlopen(request, timeout=60) as answer:
        found = json.loads(answer.read())
    seconds = time.perf_counter() - started
    if len(found.get("models", [])) != 1:
        raise Failed(f"the server found {found} for {condition}")
    return seconds


def _grow(store: Path, models: int) -> None:
    """Insert models directly into the database until it has ``count``."""
    with closing(sqlite3.connect(store)) as connection, connection:
        (present,) = connection.execute(
            "SELECT COUNT(*) FROM logged_models WHERE name LIKE 'grown-%'"
        ).fetchone()
        numbers = range(present, models)
        connection.executemany(
            "INSERT INTO logged_models (experiment_id, model_id, name, artifact_location,"
            " creation_timestamp_ms, last_updated_timestamp_ms, status, lifecycle_stage)"
            " VALUES (0, ?, ?, 'none', ?, ?, 2, 'active')",
            [(_id(n), _name(n), 1_700_000_000_000 + n, 1_700_000_000_000 + n) for n in numbers],
        )
        connection.executemany(
            "INSERT INTO logged_model_tags (model_id, experiment_id, tag_key, tag_value)"
            " VALUES (?, 0, ?, ?)",
            [(_id(n), f"mlflow.source.git.{tag}", _tag(tag, n)) for n in numbers for tag in _TAGS],
        )


def _id(number: int) -> str:
    return f"m-{number:032x}"


def _name(number: int) -> str:
    return f"grown-git-{number:08x}"


def _tag(tag: str, number: int) -> str:
    values = {"commit": f"{number:040x}", "branch": "main", "dirty": "false"}
    return values.get(tag, "https://example.com/app.git")


def _store(folder: Path) -> Path:
    return folder / "store.db"
