"""Lists the known failures of MLflow's client and of the libraries below it.

Each kind has a test on the exception, a message and a remedy. Add one here for a failure whose
own message helps nobody.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

# Characters of one exception that are searched: MLflow puts whole responses into its messages.
_SEARCHED = 5_000


@dataclass(frozen=True)
class Facts:
    """The facts about an exception and its causes by which its kind is found."""

    codes: frozenset[str]
    names: frozenset[str]
    text: str
    detail: str

    @classmethod
    def of(cls, error: BaseException) -> Facts:
        chain = list(_chain(error))
        return cls(
            codes=frozenset(str(getattr(exception, "error_code", "")) for exception in chain)
            - {""},
            names=frozenset(
                kind.__name__ for exception in chain for kind in type(exception).__mro__
            ),
            text="\n".join(str(exception)[:_SEARCHED] for exception in chain).lower(),
            detail=str(error)[:_SEARCHED] or type(error).__name__,
        )


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The exception, its causes and contexts, and those in its attributes and arguments.

    requests and urllib3 keep the underlying exception in ``args`` and ``reason``, SQLAlchemy in
    ``orig``; MLflow raises most of its own without ``from``.
    """
    waiting: list[object] = [error]
    seen_ids: set[int] = set()
    while waiting:
        candidate = waiting.pop(0)
        if not isinstance(candidate, BaseException) or id(candidate) in seen_ids:
            continue
        seen_ids.add(id(candidate))
        yield candidate
        waiting += [candidate.__cause__, candidate.__context__, *candidate.args]
        waiting += [getattr(candidate, "reason", None), getattr(candidate, "orig", None)]


@dataclass(frozen=True)
class Kind:
    """A test on exceptions, and the ``message`` and ``remedy`` for those that it matches.

    Both may contain ``{where}`` (the URI), ``{detail}`` and the fields of a Purpose.
    """

    applies: Callable[[Facts], bool]
    message: str
    remedy: str
    permanent: bool = False


def _says(*phrases: str) -> Callable[[Facts], bool]:
    return lambda facts: any(phrase in facts.text for phrase in phrases)


def _is(*names: str) -> Callable[[Facts], bool]:
    """Matches MLflow's error codes and the names of exception classes."""
    return lambda facts: any(name in facts.codes or name in facts.names for name in names)


def _status(*numbers: int) -> Callable[[Facts], bool]:
    # MLflow mentions the status of a response only in its message, in one of these two forms.
    return _says(
        *(f"error code {number} " for number in numbers),
        *(f"too many {number} error responses" for number in numbers),
    )


def _either(*tests: Callable[[Facts], bool]) -> Callable[[Facts], bool]:
    return lambda facts: any(test(facts) for test in tests)


BROKEN = _is("ConnectionError", "ChunkedEncodingError", "ProtocolError")
NEVER_OPEN = _is("NewConnectionError", "Timeout", "TimeoutError", "SSLError", "ProxyError")

# The first match counts, so the specific kinds come before the general ones.
KINDS = (
    Kind(
        _says("database is locked", "database table is locked", "database schema is locked"),
        "the MLflow store {where} is locked by another process",
        "{retry}",
    ),
    Kind(
        _says("attempt to write a readonly database"),
        "the MLflow store {where} cannot be written",
        "make the file and its folder writable for this user, or set `tracking_uri`",
    ),
    Kind(
        _says("file is not a database", "database disk image is malformed", "file is encrypted"),
        "the MLflow store {where} is corrupt",
        "restore it from a backup, or move it away and let gitver create a new one",
    ),
    Kind(
        _says("unable to open database file"),
        "the MLflow store {where} cannot be opened",
        "check that its folder exists and may be written, or set `tracking_uri`",
    ),
    Kind(
        _says("database or disk is full", "disk i/o error", "no space left on device"),
        "the MLflow store {where} cannot be written: the disk is full or failing",
        "free some space{then}",
    ),
    Kind(
        _says("mlflow_allow_file_store"),
        "this MLflow no longer writes to the folder {where}",
        "set MLFLOW_ALLOW_FILE_STORE=true, or move to a database with `mlflow migrate-filestore`",
    ),
    Kind(
        _is("UnsupportedModelRegistryStoreURIException", "InvalidUrlException", "MissingSchema"),
        "MLflow does not support the tracking URI {where}",
        "set `tracking_uri` to sqlite:///…, a database, or http(s)://…",
        permanent=True,
    ),
    Kind(
        _is("NoSuchModuleError", "ImportError"),
        "a library that MLflow needs for {where} is missing: {detail}",
        "install it into the environment that gitver runs in",
    ),
    Kind(
        _is("ResponseTooLarge", "MemoryError"),
        "the response of MLflow at {where} is too large",
        "check that `tracking_uri` leads to MLflow",
    ),
    Kind(
        _is("RedirectRefused"),
        "{where} redirects to another server, which gitver does not follow",
        "set `tracking_uri` to the address that it redirects to, if you trust it",
    ),
    Kind(
        _either(_is("UNAUTHENTICATED", "CUSTOMER_UNAUTHORIZED"), _status(401)),
        "MLflow at {where} rejected the credentials, or received none",
        "set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN",
    ),
    Kind(
        _either(_is("PERMISSION_DENIED"), _status(403)),
        "MLflow at {where} does not let this user {action}",
        "ask for {rights} rights on the experiment{then}",
    ),
    Kind(
        _says("password authentication failed", "access denied for user", "no password supplied"),
        "the database at {where} rejected the credentials",
        "correct the user and the password in `tracking_uri`",
    ),
    Kind(
        _is("SSLError", "SSLCertVerificationError"),
        "no secure connection to MLflow at {where}: {detail}",
        "set MLFLOW_TRACKING_SERVER_CERT_PATH to the authority's certificate",
    ),
    Kind(
        _is("ProxyError"),
        "the proxy for MLflow at {where} failed",
        "check HTTPS_PROXY, HTTP_PROXY and NO_PROXY",
    ),
    Kind(
        _either(
            _is("NameResolutionError", "gaierror"),
            _says("could not translate host name", "name or service not known"),
        ),
        "the host of {where} cannot be found",
        "check `tracking_uri` and the network; {retry}",
    ),
    Kind(
        _either(_is("ConnectionRefusedError"), _says("connection refused")),
        "nothing answers at {where}: connection refused",
        "start MLflow there, or correct `tracking_uri`; {retry}",
    ),
    Kind(
        _either(_is("Timeout", "TimeoutError"), _says("timed out", "timeout expired")),
        "MLflow at {where} did not answer in time",
        "{retry}",
    ),
    Kind(
        _is("TooManyRedirects"),
        "{where} redirects in a loop",
        "set `tracking_uri` to the address the redirects should lead to",
    ),
    Kind(
        _either(_says("not in a valid json format"), _is("JSONDecodeError", "ParseError")),
        "{where} does not answer like MLflow; it may be a login page or another service",
        "check `tracking_uri` and whether a login or VPN is needed",
    ),
    Kind(
        _either(_is("ENDPOINT_NOT_FOUND"), _status(404, 405)),
        "{where} is not an MLflow server, or one older than MLflow 3",
        "check `tracking_uri`, or have the server upgraded",
    ),
    Kind(
        _status(413),
        "MLflow at {where} refuses a {request} of this size",
        "log less: fewer `params`, or `diff: off`",
        permanent=True,
    ),
    Kind(
        _status(429),
        "MLflow at {where} limits the number of requests",
        "{retry}",
    ),
    Kind(
        _either(
            _is("TEMPORARILY_UNAVAILABLE", "RetryError"),
            _status(500, 502, 503, 504),
        ),
        "MLflow at {where} is up but answers with an error",
        "look at the server's log; {retry}",
    ),
    Kind(BROKEN, "the connection to MLflow at {where} broke", "{retry}"),
    Kind(
        _says("must be in the 'active' state", "non-active experiment"),
        "the experiment at {where} has been deleted",
        "restore it, or set `experiment` to another one",
        permanent=True,
    ),
    Kind(
        _is("RESOURCE_DOES_NOT_EXIST"),
        "MLflow at {where} cannot find what was requested: {detail}",
        "check `experiment`",
        permanent=True,
    ),
    Kind(
        _is("INVALID_PARAMETER_VALUE", "BAD_REQUEST", "INVALID_STATE"),
        "MLflow at {where} refuses the {request}: {detail}",
        "correct what it names in `.gitver.yaml`",
        permanent=True,
    ),
    Kind(
        _is("PermissionError", "FileNotFoundError", "NotADirectoryError", "FileExistsError"),
        "the MLflow store {where} cannot be opened: {detail}",
        "check that its folder exists and may be written, or set `tracking_uri`",
    ),
)
