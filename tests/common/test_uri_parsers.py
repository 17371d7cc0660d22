"""Accepted URIs lead where the parser says: MLflow's HTTP client and SQLAlchemy agree."""

from __future__ import annotations

import random

import pytest
import sqlalchemy
import urllib3
from requests import PreparedRequest
from requests.exceptions import RequestException

from gitver_hooks.common.errors import GitverError
from gitver_hooks.common.uri_parts import Parts, parse
from gitver_hooks.common.uris import (
    check_tracking_uri,
    remote_without_credentials,
    same_store,
    without_credentials,
)

_PIECES = [
    *("good", "evil", "ada", "s3cret", "5000", ".", "-", "_", "a", "7", "%40", "%2F", "%5C"),
    *(
        "@",
        ":",
        "/",
        "//",
        "?",
        "#",
        "\\",
        "[",
        "]",
        "::1",
        "&",
        "=",
        ";",
        " ",
        "\t",
        "é",
        "\u2100",
    ),
    *("\uff0f", "\u200b", "@", ":", "/", ".com", "localhost", "127.0.0.1"),
]


def accepted(scheme: str, seed: int) -> tuple[str, Parts] | None:
    """A random URI that passes the check, and its parts."""
    chance = random.Random(seed)
    uri = f"{scheme}://" + "".join(chance.choices(_PIECES, k=chance.randrange(1, 10)))
    try:
        check_tracking_uri(uri)
    except GitverError as error:
        assert str(error).isprintable()
        return None
    return uri, parse(uri)


def test_the_http_client_connects_to_the_host_that_the_parser_names() -> None:
    compared = 0
    for seed in range(30_000):
        found = accepted("http", seed)
        if found is None:
            continue
        uri, parts = found
        request = PreparedRequest()
        try:
            request.prepare_url(uri, None)
            assert request.url is not None
            theirs = urllib3.util.parse_url(request.url)
        except (RequestException, urllib3.exceptions.HTTPError, UnicodeError):
            continue
        if parts.host.isascii():
            assert (theirs.host or "").lower() == parts.host.lower(), uri
        assert (theirs.port or 80) == int(parts.port or 80), uri
        compared += 1
    assert compared > 300


@pytest.mark.parametrize("scheme", ["postgresql", "mysql+pymysql"])
def test_sqlalchemy_finds_the_same_host_and_password(scheme: str) -> None:
    compared = 0
    for seed in range(20_000):
        found = accepted(scheme, seed)
        if found is None:
            continue
        uri, parts = found
        try:
            theirs = sqlalchemy.make_url(uri)
        except (sqlalchemy.exc.ArgumentError, ValueError):
            continue
        host = f"[{theirs.host}]" if ":" in (theirs.host or "") else theirs.host
        assert (host or "") == parts.host, uri
        assert sqlalchemy.make_url(without_credentials(uri)).password is None
        compared += 1
    assert compared > 300


@pytest.mark.parametrize("scheme", ["http", "postgresql", "ssh", "file", "sqlite", "databricks"])
def test_removing_credentials_is_total_stable_and_keeps_the_store(scheme: str) -> None:
    for seed in range(5_000):
        chance = random.Random(seed)
        uri = f"{scheme}://" + "".join(chance.choices(_PIECES, k=chance.randrange(1, 10)))
        for function in (without_credentials, remote_without_credentials):
            kept = function(uri)
            assert function(kept) == kept, uri
        if not parse(uri).problem:
            assert same_store(uri, without_credentials(uri)), uri
