"""A server that the user has named and that turns out to be hostile, for the tests."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

MEGABYTE = 1024 * 1024
LARGE = 400


@cache
def _bomb() -> bytes:
    """Half a megabyte that unpacks to ``LARGE`` megabytes."""
    return gzip.compress(b" " * LARGE * MEGABYTE, 9)


class _Hostile(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, attack: str, target: str = "") -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.attack = attack
        self.target = target
        self.requests: list[str] = []
        self.closing = threading.Event()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hangs up is what the tests expect."""


class _Answer(BaseHTTPRequestHandler):
    server: _Hostile
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.requests.append(f"{self.command} {self.path}\n{self.headers}")
        getattr(self, self.server.attack.replace(" ", "_"))()

    do_POST = do_PATCH = do_DELETE = do_GET

    def log_message(self, *arguments: object) -> None:
        """Keep the output of the tests clean."""

    def head(self, status: int, **headers: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Connection", "close")
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()

    def hang_up_once(self) -> None:
        """Close the connection without an answer, as a server does with one that was idle."""
        if len(self.server.requests) == 1:
            self.close_connection = True
        else:
            self.capture()

    def capture(self) -> None:
        self.head(200, Content_Length="2")
        self.wfile.write(b"{}")

    def large_body(self, status: int = 200) -> None:
        self.head(status, Content_Length=str(LARGE * MEGABYTE))
        for _ in range(LARGE):
            self.wfile.write(b" " * MEGABYTE)

    def large_error(self) -> None:
        self.large_body(503)

    def large_body_without_length(self) -> None:
        self.head(200)
        for _ in range(LARGE):
            self.wfile.write(b" " * MEGABYTE)

    def gzip_bomb(self) -> None:
        member = _bomb()
        self.head(200, Content_Length=str(len(member)), Content_Encoding="gzip")
        self.wfile.write(member)

    def bomb_in_a_bomb(self) -> None:
        member = gzip.compress(_bomb())
        self.head(200, Content_Length=str(len(member)), Content_Encoding="gzip, gzip")
        self.wfile.write(member)

    def byte_by_byte(self) -> None:
        self.head(200, Content_Length="100000")
        while not self.server.closing.wait(0.2):
            self.wfile.write(b" ")

    def redirect(self) -> None:
        self.head(302, Location=f"{self.server.target}{self.path}", Content_Length="0")

    def foreign_id(self) -> None:
        body = b'{"model": {"info": {"model_id": "../../evil", "experiment_id": "0"}}}'
        self.head(200, Content_Length=str(len(body)))
        self.wfile.write(body)


ATTACKS = (
    "large body",
    "large error",
    "large body without length",
    "gzip bomb",
    "bomb in a bomb",
    "byte by byte",
    "foreign id",
)


@contextmanager
def hostile_server(attack: str, target: str = "") -> Iterator[_Hostile]:
    """A server that behaves as the method of ``_Answer`` named ``attack`` says."""
    if "bomb" in attack:
        _bomb()  # Takes longer than a client waits for an answer.
    with _Hostile(attack, target) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        try:
            yield server
        finally:
            server.closing.set()
            server.shutdown()
