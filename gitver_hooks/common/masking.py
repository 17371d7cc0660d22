"""Replaces credentials in free text, such as messages of servers and libraries, by ``***``.

The credentials of a known URI come from the URI parser. Patterns are only for text in which it is
unclear where a URI begins and ends.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from urllib.parse import quote, quote_plus, unquote

from gitver_hooks.common.uri_parts import DATABASES, parse
from gitver_hooks.common.uris import HIDDEN

SECRET_NAME = (
    r"(?:[\w.-]*(?:pass(?:wd|word|phrase)?|pwd|secret|token|api[_-]?key|credentials?|signature)"
    r"|sig|authorization)"
)
# User info ends before the first "/", except in database URIs, where a password may contain "/" and
# "@". In a web address, what looks like a host, a port and a path is treated as such.
_USER_INFO = re.compile(
    r"(?<=://)(?:[^\s'\"<>/?#]*"
    r"|(?:(?<!ttp://)(?<!tps://)(?<!ssh://)|(?![^\s/?#:@]*:\d+/))[^\s'\"<>/?#:@]*:[^\s'\"<>]*)@"
)
_ENCODED_USER_INFO = re.compile(
    r"(?i)(%(?:25)*3A%(?:25)*2F%(?:25)*2F)(?:(?!%(?:25)*2F|%(?:25)*40)[^\s'\"<>&])*"
    r"(?:%(?:25)*3A[^\s'\"<>&]*)?%(?:25)*40"
)
# The time of the two patterns above grows with the square of the length of a word.
_LONG_WORD = re.compile(r"[^\s'\"<>]{500,}")
_ASSIGNMENT = re.compile(rf"(?i)(\b{SECRET_NAME}(?:=|%(?:25)*3D))[^\s&;,'\"<>]+")
_HEADER = re.compile(
    r"(?i)(\bauthorization\W+(?:basic|bearer)\s+|\b(?:basic|bearer)\s+(?=[\w.~+/=-]{16}))[^\s'\",]+"
)
_SECRET_VARIABLES = (
    "MLFLOW_TRACKING_PASSWORD",
    "MLFLOW_TRACKING_TOKEN",
    "DATABRICKS_TOKEN",
    "DATABRICKS_CLIENT_SECRET",
)
# Anything shorter occurs by chance in ordinary text.
_SHORTEST_SECRET = 4
_SHORTEST_TOKEN = 8


def mask(text: str, *uris: str, environment: Mapping[str, str] | None = None) -> str:
    """``text`` with every credential in it replaced by ``***``.

    Credentials are: the user info of any URI, even if it is URL-encoded; the value assigned to a
    name like ``password`` or ``token``; authorization headers; and, wherever they occur, the
    passwords of ``uris`` and of MLflow's and Databricks' variables in ``environment``.
    """
    environment = environment or {}
    secrets = [environment.get(name, "") for name in _SECRET_VARIABLES]
    secrets += _credentials((*uris, environment.get("MLFLOW_TRACKING_URI", "")))
    for secret in _spellings(secrets):
        text = text.replace(secret, HIDDEN)
    text = _LONG_WORD.sub(_without_long_uri, text)
    text = _USER_INFO.sub(f"{HIDDEN}@", text)
    text = _ENCODED_USER_INFO.sub(rf"\1{HIDDEN}%40", text)
    text = _HEADER.sub(rf"\1{HIDDEN}", text)
    return _ASSIGNMENT.sub(rf"\1{HIDDEN}", text)


def _without_long_uri(word: re.Match[str]) -> str:
    """The word, or ``***`` if it may be a URI: real ones are shorter."""
    is_uri = "://" in word.group() or "%" in word.group()
    return HIDDEN if is_uri else word.group()


def _credentials(uris: Iterable[str]) -> list[str]:
    credentials = []
    for parts in map(parse, uris):
        credentials.append(parts.password)
        is_database = parts.scheme.partition("+")[0] in DATABASES
        # A user without a password is a token on the web, and just a user in a database.
        if not parts.password and not is_database and len(parts.user) >= _SHORTEST_TOKEN:
            credentials.append(parts.user)
    return credentials


def _spellings(secrets: Iterable[str]) -> list[str]:
    """Each secret as it is, URL-encoded and decoded; the longest first."""
    spellings = {
        spelling
        for secret in secrets
        for spelling in (
            secret,
            unquote(secret),
            quote(unquote(secret), safe=""),
            quote_plus(secret),
        )
        if len(spelling) >= _SHORTEST_SECRET
    }
    return sorted(spellings, key=len, reverse=True)
