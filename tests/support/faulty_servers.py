"""Servers that refuse, hang or answer what MLflow would not."""

from __future__ import annotations

import contextlib
import socket
import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from support.servers import free_port

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
