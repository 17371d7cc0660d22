"""What a server really receives: everything about the version except the secrets in it."""

from __future__ import annotations

import http.server
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.git import Git
from support.secret_samples import KEYS

TOKEN = "tok-en-of-the-user"


class _Capture(http.server.BaseHTTPRequestHandler):
    """Plays an MLflow server that refuses to create models, and repeats what it was sent."""

    received: bytes

    def do_GET(self) -> None:
        self.answer()

    def do_POST(self) -> None:
        self.answer()

    def answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        type(self).received += self.path.encode() + body + b"\n"
        experiment = {"experiment_id": "1", "name": "Default", "lifecycle_stage": "active"}
        status, content = 200, {"experiment": experiment, "models": []}
        if self.path.endswith("/logged-models"):
            message = f"not with {self.headers['Authorization']} or {TOKEN}, \x1b[31m\nsorry"
            status, content = 400, {"error_code": "INVALID_PARAMETER_VALUE", "message": message}
        data = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture
def capture() -> Iterator[tuple[str, type[_Capture]]]:
    handler = type("Capture", (_Capture,), {"received": b""})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", handler
        server.shutdown()
        thread.join()


def test_a_server_receives_no_secret_and_its_answer_shows_none(
    git: Git, capture: tuple[str, type[_Capture]]
) -> None:
    uri, handler = capture
    secrets = {name: key for name, key in KEYS.items() if "\n" not in key}
    settings = {"params": {"llm": {"model": "small", "api_key": "k-in-params"}}}
    git.write(".gitver.yaml", json.dumps(settings))
    git.commit(f"Remove {KEYS['GitHub']}")
    for number, key in enumerate(secrets.values()):
        git.write(f"config_{number}.py", f"VALUE = '''{key}'''\n")
    git.write("deep/.env", "PLAIN=in-dot-env\n")
    git.write("app.py", "print('changed')\n")
    environment = {
        **os.environ,
        "MLFLOW_TRACKING_URI": uri,
        "MLFLOW_TRACKING_TOKEN": TOKEN,
    }
    done = subprocess.run(
        [sys.executable, "-m", "gitver_hooks", "model"],
        cwd=git.path,
        env={**environment, "GITVER_WAIT": "60"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert b"print('changed')" in handler.received
    assert b"config_0.py" in handler.received
    assert b"small" in handler.received
    for name, key in secrets.items():
        assert json.dumps(key)[1:-1].encode() not in handler.received, name
    for secret in (b"in-dot-env", b"k-in-params"):
        assert secret not in handler.received
    log = Path(git.path, ".git", "gitver", "log").read_text()
    assert TOKEN not in done.stdout + done.stderr + log
    assert all(line.isprintable() for line in (done.stderr + log).split("\n"))
