"""Limits what an HTTP server can make gitver's own processes read, follow and wait for.

MLflow's client reads a whole response into memory, decompresses whatever the server says is
compressed, and follows redirects anywhere. A server that the user has named may store data, but it
must not exhaust the machine or pass requests on. In a process that has called
``limit_http_responses``:

* a response may have at most ``LARGEST_RESPONSE`` bytes, counted after decompression, which stops
  at the limit (a gzip bomb unpacks a thousandfold);
* only gzip and deflate are decompressed, and only once;
* a whole body must arrive within the request's read timeout, which requests applies only to each
  single read;
* a redirect must lead to the same host and port. The one exception is a redirect from http to https
  on the standard ports;
* a request that only reads is sent once more if the connection broke: servers close idle
  connections at any time, even as a request arrives (RFC 9112, section 9.6).

The class ``requests.Session`` is replaced, because MLflow and the Databricks SDK create their
sessions from it. That must not happen in a user's process.
"""

from __future__ import annotations

import time
import zlib
from collections.abc import Iterator
from typing import Any
from urllib.parse import urljoin, urlsplit

import requests
import requests.adapters
import requests.sessions
from urllib3.exceptions import HTTPError, ReadTimeoutError
from urllib3.util import Retry

from gitver_hooks.registry.failures import connection_broke

# Bytes. A page of 100 models with diffs of 90,000 characters takes about 10 MB.
LARGEST_RESPONSE = 64 * 1024 * 1024
_PART = 64 * 1024
_DEFAULT_PORTS = {"http": 80, "https": 443}
# Seconds, for a request without a read timeout; MLflow always sets one.
_LONGEST_BODY = 120.0


class ResponseTooLarge(requests.RequestException):
    """A server sent more than ``LARGEST_RESPONSE`` bytes."""


class RedirectRefused(requests.RequestException):
    """A server redirected to another host or port."""


class _BoundedSession(requests.Session):
    """A session whose responses are complete and bounded, whatever the caller asked for."""

    def get_adapter(self, url: Any) -> _BoundedAdapter:
        adapter = super().get_adapter(url)
        if isinstance(adapter, requests.adapters.HTTPAdapter):
            # urllib3 reads the whole body of a response that it retries or gives up on. A second
            # attempt is the outbox's task anyway.
            adapter.max_retries = Retry(0, read=False, respect_retry_after_header=False)
        return _BoundedAdapter(adapter)

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        target = super().get_redirect_target(resp)
        if target is not None and not _is_same_server(resp.url, urljoin(resp.url, target)):
            raise RedirectRefused("the server redirects to another host or port", response=resp)
        return target


class _BoundedAdapter(requests.adapters.BaseAdapter):
    """Sends with another adapter and reads each response within the limits."""

    def __init__(self, adapter: requests.adapters.BaseAdapter) -> None:
        super().__init__()
        self._adapter = adapter

    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:  # type: ignore[override]
        request.headers["Accept-Encoding"] = "gzip, deflate"
        options = {**options, "stream": True}
        try:
            response = self._adapter.send(request, **options)
        except requests.ConnectionError as error:
            if not _only_reads(request) or not connection_broke(error):
                raise
            response = self._adapter.send(request, **options)
        try:
            body = b"".join(_bounded_body(response, _read_timeout(options.get("timeout"))))
        except BaseException:
            response.close()
            raise
        # What requests itself sets once the content has been read.
        response._content = body
        response._content_consumed = True
        return response

    def close(self) -> None:
        self._adapter.close()


def limit_http_responses() -> None:
    """Bound all HTTP responses of this process; for gitver's own processes only."""
    requests.Session = requests.sessions.Session = _BoundedSession  # type: ignore[misc]


def _only_reads(request: requests.PreparedRequest) -> bool:
    """Whether a request changes nothing. MLflow's searches are POST requests."""
    return request.method == "GET" or urlsplit(request.url or "").path.endswith("/search")


def _is_same_server(old_url: str, new_url: str) -> bool:
    (old_scheme, old_host, old_port), (scheme, host, port) = _server(old_url), _server(new_url)
    if old_host != host:
        return False
    if old_scheme == scheme:
        return old_port == port
    return (old_scheme, old_port, scheme, port) == ("http", 80, "https", 443)


def _server(url: str) -> tuple[str, str, int | None]:
    try:
        parts = urlsplit(url)
        return parts.scheme, parts.hostname or "", parts.port or _DEFAULT_PORTS.get(parts.scheme)
    except ValueError:
        return "", "", None


def _read_timeout(timeout: object) -> float:
    read = timeout[1] if isinstance(timeout, tuple) else timeout
    return float(read) if isinstance(read, int | float) else _LONGEST_BODY


def _bounded_body(response: requests.Response, seconds: float) -> Iterator[bytes]:
    """The decompressed body in parts. Raises RequestException beyond the limits."""
    unpack = _decompressor(response)
    deadline = time.monotonic() + seconds
    remaining = LARGEST_RESPONSE
    for packed in _raw_parts(response, deadline):
        part = unpack(packed, remaining + 1)
        if len(part) > remaining:
            raise ResponseTooLarge(f"the response has more than {LARGEST_RESPONSE} bytes")
        remaining -= len(part)
        yield part


def _raw_parts(response: requests.Response, deadline: float) -> Iterator[bytes]:
    """The parts of the response as they arrive, with urllib3's exceptions translated."""
    # read1 returns what has arrived. read waits until it has as many bytes as requested, which
    # never ends if a server sends one byte at a time.
    read = getattr(response.raw, "read1", None)
    try:
        while True:
            packed = read(_PART, False) if read else response.raw.read(1, False)
            if not packed:
                return
            if time.monotonic() > deadline:
                raise requests.ReadTimeout("the body did not arrive in time", response=response)
            yield packed
    except ReadTimeoutError as error:
        raise requests.ReadTimeout(error, response=response) from error
    except (HTTPError, OSError) as error:
        if isinstance(error, requests.RequestException):
            raise
        raise requests.ConnectionError(error, response=response) from error


def _decompressor(response: requests.Response) -> Any:
    """A function of packed bytes and the largest number of bytes to return."""
    encoding = response.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding in ("", "identity"):
        return lambda packed, largest: packed
    if encoding not in ("gzip", "x-gzip", "deflate"):
        raise requests.exceptions.ContentDecodingError(f"unknown content encoding {encoding!r}")
    # 32 stands for "gzip or zlib, whichever the header says" (zlib.decompressobj).
    stream = zlib.decompressobj(zlib.MAX_WBITS | 32)

    def unpack(packed: bytes, largest: int) -> bytes:
        try:
            return stream.decompress(packed, largest)
        except zlib.error as error:
            raise requests.exceptions.ContentDecodingError(str(error)) from error

    return unpack
