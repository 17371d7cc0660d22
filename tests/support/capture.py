"""A server that nobody should talk to, and what it has received."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator

import pytest


class Capture(socketserver.ThreadingTCPServer):
    """Listens on loopback and keeps every byte; ``connections`` also counts the silent ones."""

    daemon_threads = True
    block_on_close = False

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Keep)
        self.received = b""
        self.connections = 0

    @property
    def uri(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Keep(socketserver.BaseRequestHandler):
    server: Capture

    def handle(self) -> None:
        self.server.connections += 1
        while data := self.request.recv(65536):
            self.server.received += data


@pytest.fixture
def capture() -> Iterator[Capture]:
    with Capture() as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield server
        server.shutdown()
