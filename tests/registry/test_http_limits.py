"""A hostile server costs a delivery one line and little memory, and gets nothing passed on."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from requests.adapters import HTTPAdapter
from support.hostile import ATTACKS, hostile_server
from support.servers import clean_environment, free_port

from gitver_hooks.handover.store import Experiment
from gitver_hooks.registry import http_limits
from gitver_hooks.registry.failures import MLflowFailure
from gitver_hooks.registry.store import experiment_id, open_store

# Megabytes. MLflow itself takes about 250 of them; the hostile bodies have 400.
ENOUGH_MEMORY = 500
DELIVERY = """
import sys, time
from pathlib import Path
from typing import Any
from gitver_hooks.handover.store import Experiment, Store
from gitver_hooks.registry.convergence import find_or_create
from gitver_hooks.registry.failures import MLflowFailure
from gitver_hooks.registry.own_process import limit_memory, prepare_own_process
from gitver_hooks.registry.registration import Registration
from gitver_hooks.registry.store import open_store
limit_memory()
prepare_own_process(12)
uri = sys.argv[1]
registration = Registration("a" * 40, "app-git-aaaaaaaa", Store(uri, Experiment()))
try:
    found = find_or_create(open_store(uri), "0", registration, deadline=time.monotonic() + 20)
    print("found", found)
except MLflowFailure as failure:
    print(failure)
# Not getrusage: there, the peak of the process that started this one counts as well.
(peak,) = [
    line.split()[1]
    for line in Path("/proc/self/status").read_text().splitlines()
    if line.startswith("VmHWM:")
]
print(int(peak) // 1024)
"""
EXPECTED = {
    "large body": "is too large",
    "large error": "is too large",
    "large body without length": "is too large",
    "gzip bomb": "is too large",
    "bomb in a bomb": "unknown content encoding",
    "byte by byte": "did not answer in time",
    "foreign id": "not like MLflow",
}


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="only Linux has /proc")
@pytest.mark.parametrize("attack", ATTACKS)
def test_an_attack_ends_in_one_line_and_takes_little_memory(attack: str, tmp_path: Path) -> None:
    with hostile_server(attack) as server:
        done = subprocess.run(
            [sys.executable, "-c", DELIVERY, server.address],
            env=clean_environment(tmp_path),
            capture_output=True,
            text=True,
            timeout=120,
        )
    assert done.stderr == ""
    message, memory = done.stdout.splitlines()
    assert EXPECTED[attack] in message
    assert int(memory) < ENOUGH_MEMORY


@pytest.fixture
def bounded(delivering: Callable[[float], None]) -> Iterator[None]:
    delivering(20)
    yield


def test_a_redirect_to_another_port_is_refused_and_nothing_reaches_it(bounded: None) -> None:
    with (
        hostile_server("capture") as capture,
        hostile_server("redirect", capture.address) as server,
        pytest.raises(MLflowFailure, match="redirects to another server") as caught,
    ):
        uri = server.address.replace("://", "://ada:geheim@")
        experiment_id(open_store(uri), Experiment())
    assert capture.requests == []
    assert "geheim" not in str(caught.value)


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "logged-models/m-1"), ("POST", "logged-models/search"), ("POST", "traces/search")],
)
def test_a_read_is_repeated_if_the_server_hangs_up(bounded: None, method: str, path: str) -> None:
    with hostile_server("hang up once") as server:
        response = requests.Session().request(method, f"{server.address}/api/{path}", timeout=20)
        assert response.status_code == 200
        assert len(server.requests) == 2


def test_a_server_that_is_down_is_asked_once(bounded: None) -> None:
    class Counting(HTTPAdapter):
        sent = 0

        def send(self, *arguments: Any, **options: Any) -> requests.Response:
            self.sent += 1
            return super().send(*arguments, **options)

    session, adapter = requests.Session(), Counting()
    session.mount("http://", adapter)
    with pytest.raises(requests.ConnectionError):
        session.get(f"http://127.0.0.1:{free_port()}", timeout=20)
    assert adapter.sent == 1


@pytest.mark.parametrize("method", ["POST", "PATCH", "DELETE"])
def test_a_write_is_never_repeated(bounded: None, method: str) -> None:
    with hostile_server("hang up once") as server:
        with pytest.raises(requests.ConnectionError):
            requests.Session().request(method, f"{server.address}/api/logged-models", timeout=20)
        assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("before", "after", "followed"),
    [
        ("http://mlflow.example/a", "http://mlflow.example/b", True),
        ("http://mlflow.example/a", "https://mlflow.example/a", True),
        ("http://mlflow.example:80/a", "https://mlflow.example:443/a", True),
        ("http://mlflow.example/a", "http://MLFLOW.example/a", True),
        ("https://mlflow.example/a", "http://mlflow.example/a", False),
        ("http://mlflow.example:5000/a", "https://mlflow.example/a", False),
        ("http://mlflow.example/a", "http://mlflow.example:8080/a", False),
        ("http://mlflow.example/a", "http://other.example/a", False),
        ("http://mlflow.example/a", "//other.example/a", False),
        ("http://mlflow.example/a", "http://mlflow.example@other.example/a", False),
        ("http://mlflow.example/a", "http://mlflow.example:port/a", False),
        ("http://mlflow.example/a", "file:///etc/passwd", False),
    ],
)
def test_only_redirects_to_the_same_server_are_followed(
    before: str, after: str, followed: bool
) -> None:
    response = requests.Response()
    response.url = before
    response.status_code = 302
    response.headers["location"] = after
    session = http_limits._BoundedSession()
    if followed:
        assert session.get_redirect_target(response) == after
    else:
        with pytest.raises(http_limits.RedirectRefused):
            session.get_redirect_target(response)


def test_a_compressed_response_within_the_limit_is_read(
    bounded: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_limits, "LARGEST_RESPONSE", 400 * 1024 * 1024)
    with hostile_server("gzip bomb") as server:
        body = requests.Session().get(server.address, timeout=60).content
    assert len(body) == 400 * 1024 * 1024


def test_a_users_process_keeps_its_own_http_client(tmp_path: Path) -> None:
    program = (
        "import requests; before = requests.Session;"
        "import gitver_hooks.registry.convergence, gitver_hooks.registry.own_process;"
        "import gitver_hooks.registry.http_limits;"
        "assert requests.Session is requests.sessions.Session is before"
    )
    subprocess.run(
        [sys.executable, "-c", program], env=clean_environment(tmp_path), check=True, timeout=120
    )


def test_memory_beyond_the_limit_is_refused(tmp_path: Path) -> None:
    program = (
        "from gitver_hooks.registry.own_process import limit_memory; limit_memory(300 * 2**20)\n"
        "try: bytearray(400 * 2**20)\n"
        "except MemoryError: print('refused')"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=clean_environment(tmp_path),
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.stdout == ("refused\n" if sys.platform == "linux" else done.stdout)
