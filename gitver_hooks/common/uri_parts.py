"""Parses tracking URIs and remote URLs into scheme, user, host, path and so on.

Standard library only. A URI without special characters has one reading and is split without
importing ``urllib``; every other one goes through ``urllib.parse.urlsplit`` (RFC 3986). Database
URIs follow the grammar of SQLAlchemy's ``make_url``: a password may contain ``/`` and ``?``.
"""

from __future__ import annotations

from gitver_hooks.common.simple_uris import is_simple

# mlflow.store.db.db_types.DATABASE_ENGINES; a driver may follow, as in postgresql+psycopg2.
DATABASES = ("postgresql", "mysql", "sqlite", "mssql")
# The schemes of Databricks and Unity Catalog name a profile, not a host. They may stand alone.
PROFILES = ("databricks", "databricks-uc", "uc")

_HOST_PUNCTUATION = "-._~"
_LARGEST_PORT = 65535
INVISIBLE = "it contains a control character or an invisible one"


class Parts:
    """The parts of a URI, as they are written in it.

    ``scheme`` is in lower case and empty for a plain path. ``has_authority`` says whether ``//``
    follows the scheme. ``problem`` is non-empty if programs could disagree about the host; only
    ``scheme`` is reliable then.
    """

    # Not a NamedTuple: typing imports re, which costs more than everything else here.
    __slots__ = (
        *("scheme", "has_authority", "user", "password", "host", "port", "path", "query"),
        "problem",
    )

    def __init__(
        self,
        scheme: str = "",
        *,
        has_authority: bool = False,
        user: str = "",
        password: str = "",
        host: str = "",
        port: str = "",
        path: str = "",
        query: str = "",
        problem: str = "",
    ) -> None:
        self.scheme = scheme
        self.has_authority = has_authority
        self.user = user
        self.password = password
        self.host = host
        self.port = port
        self.path = path
        self.query = query
        self.problem = problem


def split_scheme(uri: str) -> tuple[str, str]:
    """The scheme in lower case (empty if there is none), and what follows its colon."""
    scheme, colon, after_colon = uri.partition(":")
    starts_with_letter = scheme[:1].isalpha() and scheme.isascii()
    if colon and starts_with_letter and all(c.isalnum() or c in "+-." for c in scheme):
        return scheme.lower(), after_colon
    return "", uri


def parse(uri: str) -> Parts:
    """The parts of ``uri``. Never raises: a URI that cannot be parsed has a ``problem``."""
    if uri in PROFILES:
        return Parts(uri)
    scheme, after_scheme = split_scheme(uri)
    if not scheme:
        return Parts(path=uri)
    if scheme.partition("+")[0] in DATABASES:
        return _parse_database(scheme, after_scheme)
    if not after_scheme.startswith("//"):
        return Parts(scheme, path=after_scheme)
    if scheme in PROFILES:
        problem = _unsafe_in_host(after_scheme)
        if "@" in after_scheme:
            problem = "a profile cannot contain an @"
        return Parts(scheme, has_authority=True, path=after_scheme[2:], problem=problem)
    if scheme == "file":
        return _parse_file(after_scheme[2:])
    return _parse_authority(scheme, after_scheme)


def _parse_authority(scheme: str, after_scheme: str) -> Parts:
    """``//[user[:password]@]host[:port][/path][?query][#fragment]``."""
    problem = _unsafe_in_host(after_scheme)
    if problem:
        return Parts(scheme, has_authority=True, problem=problem)
    if is_simple(after_scheme):
        authority, slash, path = after_scheme[2:].partition("/")
        path, query, fragment = slash + path, "", ""
    else:
        from urllib.parse import urlsplit

        try:
            _, authority, path, query, fragment = urlsplit(f"{scheme}:{after_scheme}")
        except ValueError as error:
            return Parts(scheme, has_authority=True, problem=str(error))
    if "@" in query or "@" in fragment:
        problem = "an @ follows a ? or #"
    credentials, _, address = authority.rpartition("@")
    if "@" in credentials:
        problem = "there is more than one @ before the path"
    user, _, password = credentials.partition(":")
    return _parts_at(address, scheme, user, password, path, query, problem)


def _parse_file(body: str) -> Parts:
    """``[host]/path[?query][#fragment]``. Any character may occur in the path."""
    host, slash, path = body.partition("/")
    path = path.partition("?")[0].partition("#")[0]
    problem = _host_problem(host, "")
    return Parts("file", has_authority=True, host=host, path=slash + path, problem=problem)


def _parse_database(scheme: str, after_scheme: str) -> Parts:
    """``//[user[:password]@][host[:port]][/database][?query]``, as SQLAlchemy reads it."""
    body = after_scheme[2:]
    if not after_scheme.startswith("//"):
        return Parts(scheme, problem="// must follow the scheme")
    if scheme.partition("+")[0] == "sqlite":
        path, _, query = body.partition("?")
        problem = "SQLite needs three slashes before the path" if path[:1] not in ("", "/") else ""
        return Parts(scheme, has_authority=True, path=path, query=query, problem=problem)
    user, password, rest_of_body = _split_database_user(body)
    address, _, query = rest_of_body.partition("?")
    problem = ""
    if "@" in address:
        problem = "there is more than one @ before the query"
        rest_of_password, _, address = address.rpartition("@")
        password = f"{password}@{rest_of_password}"
    elif "?" in user:
        problem = "an @ follows a ?"
    elif password.replace("?", "/").partition("/")[0].isdigit() and not password.isdigit():
        problem = "what follows the first colon could be a port or a password"
    address, slash, database = address.partition("/")
    path = slash + database
    return _parts_at(address, scheme, user, password, path, query, problem)


def _parts_at(
    address: str, scheme: str, user: str, password: str, path: str, query: str, problem: str
) -> Parts:
    """The parts of a URI whose host and port are in ``address``."""
    host, port = _split_port(address)
    return Parts(
        scheme,
        has_authority=True,
        user=user,
        password=password,
        host=host,
        port=port,
        path=path,
        query=query,
        problem=problem or _unsafe_in_host(address) or _host_problem(host, port),
    )


def _split_database_user(body: str) -> tuple[str, str, str]:
    """User, password, and what follows the ``@`` that ends them."""
    user, colon, after_colon = body.partition(":")
    if colon and "/" not in user and "@" in after_colon:
        password, _, after_password = after_colon.partition("@")
        return user, password, after_password
    user_and_host = body.partition("/")[0].partition(":")[0]
    user, at, _ = user_and_host.rpartition("@")
    return (user, "", body[len(user) + 1 :]) if at else ("", "", body)


def _split_port(address: str) -> tuple[str, str]:
    if address.startswith("["):
        host, bracket, port = address.partition("]")
        return host + bracket, port.removeprefix(":") if port.startswith(":") else port and "?"
    host, _, port = address.partition(":")
    return host, port


def _host_problem(host: str, port: str) -> str:
    if not _is_host(host):
        return "the host contains a character that no host name has"
    if port and not _is_port(port):
        return "the port is not a number up to 65535"
    return ""


def _is_host(host: str) -> bool:
    if not host.startswith("["):
        return all(c.isalnum() or c in _HOST_PUNCTUATION for c in host)
    address = host[1:-1]
    is_address = all(c.isalnum() or c in ":.%" for c in address)
    return host.endswith("]") and ":" in address and is_address


def _is_port(text: str) -> bool:
    is_short_number = text.isascii() and text.isdigit() and len(text) <= 5
    return is_short_number and int(text) <= _LARGEST_PORT


def _unsafe_in_host(text: str) -> str:
    """The problem with characters that some parsers drop or treat as the end of the host."""
    if not text.isprintable():
        return INVISIBLE
    if "\\" in text:
        return "it contains a backslash"
    return "it contains a space" if " " in text else ""
