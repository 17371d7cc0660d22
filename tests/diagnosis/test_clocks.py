"""Clocks: a server that is wrong about the time is noticed."""

from __future__ import annotations

import threading
import time
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from support.git import Git
from support.locations import location_of

from gitver_hooks.diagnosis.clocks import check_clocks
from gitver_hooks.diagnosis.finding import OK, WARNING


@pytest.mark.parametrize(
    ("offset", "status", "level"), [(0, 200, OK), (-3600, 200, WARNING), (3600, 404, WARNING)]
)
def test_a_server_whose_clock_is_wrong_is_reported(
    git: Git, offset: int, status: int, level: str
) -> None:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.end_headers()

        def date_time_string(self, timestamp: float | None = None) -> str:
            return formatdate(time.time() + offset, usegmt=True)

        def log_message(self, *arguments: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        (finding,) = check_clocks(location_of(git.path), f"http://127.0.0.1:{server.server_port}")
        server.shutdown()
        thread.join()
    assert finding.level == level
    if level == WARNING:
        assert ("ahead of" if offset > 0 else "behind") in finding.message


def test_without_a_server_only_the_file_system_counts(git: Git) -> None:
    (finding,) = check_clocks(location_of(git.path), "sqlite:////nowhere/mlflow.db")
    assert finding.level == OK
