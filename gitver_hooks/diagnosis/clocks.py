"""Checks that this machine, its file system and the server agree on the time."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator

from gitver_hooks.diagnosis.finding import OK, WARNING, Finding
from gitver_hooks.gitfiles.location import Location

_FILE_SYSTEM_SECONDS = 2.0
_SERVER_SECONDS = 30.0
_REQUEST_SECONDS = 5.0
_REMEDY = "synchronise the clocks, for example with NTP"


def check_clocks(location: Location, tracking_uri: str) -> Iterator[Finding]:
    """Findings about the file system's clock and, if there is a server, about the server's."""
    file_system = _file_system_offset(location)
    server = _server_offset(tracking_uri)
    if abs(file_system) > _FILE_SYSTEM_SECONDS:
        yield Finding(
            "clock",
            WARNING,
            f"the file system's clock at {location.git_dir} is {_text(file_system)} this machine's",
            _REMEDY,
        )
    if server is not None and abs(server) > _SERVER_SECONDS:
        yield Finding(
            "clock",
            WARNING,
            f"the MLflow server's clock is {_text(server)} this machine's: traces get wrong times",
            _REMEDY,
        )
    if abs(file_system) <= _FILE_SYSTEM_SECONDS and abs(server or 0.0) <= _SERVER_SECONDS:
        where = "file system" if server is None else "file system and the server"
        yield Finding("clock", OK, f"this machine and the {where} have the same time")


def _text(seconds: float) -> str:
    return f"{abs(seconds):.0f} s {'ahead of' if seconds > 0 else 'behind'}"


def _file_system_offset(location: Location) -> float:
    """How many seconds a new file's timestamp is ahead of this machine's clock; 0 if unknown."""
    try:
        with tempfile.TemporaryFile(dir=location.git_dir) as file:
            return os.fstat(file.fileno()).st_mtime - time.time()
    except OSError:
        return 0.0


def _server_offset(tracking_uri: str) -> float | None:
    """How many seconds the server's ``Date`` header is ahead; None if there is no server."""
    from email.utils import parsedate_to_datetime
    from http.client import HTTPException
    from urllib.error import HTTPError
    from urllib.request import urlopen

    if not tracking_uri.startswith(("http://", "https://")):
        return None
    try:
        try:
            date = urlopen(f"{tracking_uri}/health", timeout=_REQUEST_SECONDS).headers["Date"]
        except HTTPError as error:
            date = error.headers["Date"]
        return parsedate_to_datetime(date).timestamp() - time.time()
    except (OSError, HTTPException, ValueError, TypeError):
        # Another check says whether the server answers.
        return None
