"""Credentials in URIs and messages: masked before they are shown, stripped before they are kept."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from urllib.parse import quote, quote_plus, unquote

HIDDEN = "***"

_SECRET_NAME = (
    r"(?:[\w.-]*(?:pass(?:wd|word|phrase)?|pwd|secret|token|api[_-]?key|credentials?|signature)"
    r"|sig|authorization)"
)
# A userinfo ends before the first "/", except in the URIs that SQLAlchemy takes: their passwords
# may hold "/" and "@". In those of the web, what looks like host, port and path is that.
_USERINFO = re.compile(
    r"(?<=://)(?:[^\s'\"<>/?#]*"
    r"|(?:(?<!ttp://)(?<!tps://)(?<!ssh://)|(?![^\s/?#:@]*:\d+/))[^\s'\"<>/?#:@]*:[^\s'\"<>]*)@"
)
_ENCODED_USERINFO = re.compile(
    r"(?i)(%(?:25)*3A%(?:25)*2F%(?:25)*2F)(?:(?!%(?:25)*2F|%(?:25)*40)[^\s'\"<>&])*"
    r"(?:%(?:25)*3A[^\s'\"<>&]*)?%(?:25)*40"
)
_ASSIGNMENT = re.compile(rf"(?i)(\b{_SECRET_NAME}(?:=|%(?:25)*3D))[^\s&;,'\"<>]+")
_HEADER = re.compile(
    r"(?i)(\bauthorization\W+(?:basic|bearer)\s+|\b(?:basic|bearer)\s+(?=[\w.~+/=-]{16}))[^\s'\",]+"
)
_SECRET_SETTINGS = ("MLFLOW_TRACKING_PASSWORD", "MLFLOW_TRACKING_TOKEN")


def mask(text: str, *uris: str) -> str:
    """``text`` with every credential in it replaced by ``***``.

    Credentials are: the userinfo of any URI, also when it is URL-encoded; what is assigned to a
    name like ``password`` or ``token``; authorization headers; and, wherever they stand, the
    passwords of ``uris`` and of MLFLOW_TRACKING_PASSWORD and MLFLOW_TRACKING_TOKEN.
    """
    for secret in _known_secrets(uris):
        text = text.replace(secret, HIDDEN)
    text = _USERINFO.sub(f"{HIDDEN}@", text)
    text = _ENCODED_USERINFO.sub(rf"\1{HIDDEN}%40", text)
    text = _HEADER.sub(rf"\1{HIDDEN}", text)
    return _ASSIGNMENT.sub(rf"\1{HIDDEN}", text)


def _known_secrets(uris: Iterable[str]) -> list[str]:
    found = [os.environ.get(name, "") for name in _SECRET_SETTINGS]
    for uri in uris:
        match = _USERINFO.search(uri)
        if match is not None:
            found.append(match.group().removesuffix("@").partition(":")[2])
    spellings = {
        spelling
        for secret in found
        for spelling in (
            secret,
            unquote(secret),
            quote(unquote(secret), safe=""),
            quote_plus(secret),
        )
        # Shorter ones would be found everywhere; where they matter they stand in a URI.
        if len(spelling) >= 4
    }
    return sorted(spellings, key=len, reverse=True)


def strip_credentials(uri: str) -> str:
    """``uri`` without its userinfo and without secrets among its query parameters.

    The user of an ssh URI stays: it is part of the address (``ssh://git@host/path``). What is not a
    URI with ``://``, such as ``git@host:path`` or a folder, comes back as it is.
    """
    scheme, separator, rest = uri.partition("://")
    if not separator:
        return uri
    match = _USERINFO.search(uri)
    if match is not None:
        user = match.group().removesuffix("@").partition(":")[0]
        kept = f"{user}@" if user and scheme.lower().endswith("ssh") else ""
        rest = kept + uri[match.end() :]
    address, question, query = rest.partition("?")
    if question:
        query, hash_sign, fragment = query.partition("#")
        parameters = [
            parameter
            for parameter in query.split("&")
            if not re.fullmatch(_SECRET_NAME, unquote(parameter.partition("=")[0]), re.IGNORECASE)
        ]
        question = "?" if parameters else ""
        address += question + "&".join(parameters) + hash_sign + fragment
    return f"{scheme}://{address}"
