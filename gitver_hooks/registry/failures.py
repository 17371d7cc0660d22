"""Explain MLflow's failures: one line each, with a remedy and without credentials."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from gitver_hooks.common.errors import GitverError
from gitver_hooks.common.masking import mask
from gitver_hooks.common.uris import without_credentials

_LONGEST_DETAIL = 200
# Characters of one exception that are searched: MLflow puts whole responses into its messages.
_SEARCHED = 5_000


class MLflowFailure(GitverError):
    """MLflow did not do what was asked of it.

    A registration that fails permanently is set aside with the reason; any other is tried again.
    """

    def __init__(self, message: str, remedy: str = "", *, permanent: bool = False) -> None:
        super().__init__(message, remedy)
        self.permanent = permanent


def explain(error: BaseException, tracking_uri: str) -> MLflowFailure:
    """The failure that explains ``error``, raised by MLflow's client or a library below it.

    Message and remedy are one line each and contain no credentials. ``tracking_uri`` says where
    MLflow is and may contain credentials. An MLflowFailure is returned unchanged.
    """
    if isinstance(error, MLflowFailure):
        return error
    facts = _Facts.of(error)
    where = without_credentials(tracking_uri)
    detail = _one_line(facts.detail, tracking_uri)
    for kind in _KINDS:
        if kind.applies(facts):
            return MLflowFailure(
                kind.message.format(where=where, detail=detail),
                kind.remedy,
                permanent=kind.permanent,
            )
    return MLflowFailure(f"MLflow at {where} failed: {detail}", "it is tried again later")


@contextmanager
def explained(tracking_uri: str) -> Iterator[None]:
    """Turn every exception raised in the block into the MLflowFailure that explains it.

    Other GitverErrors explain themselves and pass through.
    """
    try:
        yield
    except GitverError:
        raise
    except Exception as error:
        raise explain(error, tracking_uri) from error


def connection_broke(error: BaseException) -> bool:
    """Whether an open connection was closed during a request, so that a retry may succeed."""
    facts = _Facts.of(error)
    return _BROKEN(facts) and not _NEVER_OPEN(facts)


def _one_line(text: str, tracking_uri: str) -> str:
    line = " ".join(mask(text, tracking_uri).split())
    return line if len(line) <= _LONGEST_DETAIL else line[: _LONGEST_DETAIL - 1] + "…"


@dataclass(frozen=True)
class _Facts:
    """What is known about an exception and all those that led to it."""

    codes: frozenset[str]
    names: frozenset[str]
    text: str
    detail: str

    @classmethod
    def of(cls, error: BaseException) -> _Facts:
        chain = list(_chain(error))
        return cls(
            codes=frozenset(str(getattr(each, "error_code", "")) for each in chain) - {""},
            names=frozenset(kind.__name__ for each in chain for kind in type(each).__mro__),
            text="\n".join(str(each)[:_SEARCHED] for each in chain).lower(),
            detail=str(error)[:_SEARCHED] or type(error).__name__,
        )


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The exception, its causes and contexts, and those in its attributes and arguments.

    requests and urllib3 keep the underlying exception in ``args`` and ``reason``, SQLAlchemy in
    ``orig``; MLflow raises most of its own without ``from``.
    """
    waiting: list[object] = [error]
    seen: set[int] = set()
    while waiting:
        found = waiting.pop(0)
        if not isinstance(found, BaseException) or id(found) in seen:
            continue
        seen.add(id(found))
        yield found
        waiting += [found.__cause__, found.__context__, *found.args]
        waiting += [getattr(found, "reason", None), getattr(found, "orig", None)]


@dataclass(frozen=True)
class _Kind:
    applies: Callable[[_Facts], bool]
    message: str
    remedy: str
    permanent: bool = False


def _says(*phrases: str) -> Callable[[_Facts], bool]:
    return lambda facts: any(phrase in facts.text for phrase in phrases)


def _is(*names: str) -> Callable[[_Facts], bool]:
    """Matches MLflow's error codes and the names of exception classes."""
    return lambda facts: any(name in facts.codes or name in facts.names for name in names)


def _status(*numbers: int) -> Callable[[_Facts], bool]:
    # MLflow mentions the status of a response only in its message, in one of these two forms.
    return _says(
        *(f"error code {number} " for number in numbers),
        *(f"too many {number} error responses" for number in numbers),
    )


def _either(*tests: Callable[[_Facts], bool]) -> Callable[[_Facts], bool]:
    return lambda facts: any(test(facts) for test in tests)


_BROKEN = _is("ConnectionError", "ChunkedEncodingError", "ProtocolError")
_NEVER_OPEN = _is("NewConnectionError", "Timeout", "TimeoutError", "SSLError", "ProxyError")
_LATER = "it stays in the outbox and is tried again later; `gitver sync` tries again now"

# The first match counts, so the specific kinds come before the general ones.
_KINDS = (
    _Kind(
        _says("database is locked", "database table is locked", "database schema is locked"),
        "the MLflow store {where} is locked by another process",
        _LATER,
    ),
    _Kind(
        _says("attempt to write a readonly database"),
        "the MLflow store {where} cannot be written",
        "make the file and its folder writable for this user, or set `tracking_uri`",
    ),
    _Kind(
        _says("file is not a database", "database disk image is malformed", "file is encrypted"),
        "the MLflow store {where} is corrupt",
        "restore it from a backup, or move it away and let gitver create a new one",
    ),
    _Kind(
        _says("unable to open database file"),
        "the MLflow store {where} cannot be opened",
        "check that its folder exists and may be written, or set `tracking_uri`",
    ),
    _Kind(
        _says("database or disk is full", "disk i/o error", "no space left on device"),
        "the MLflow store {where} cannot be written: the disk is full or failing",
        "free some space, then run `gitver sync`",
    ),
    _Kind(
        _says("mlflow_allow_file_store"),
        "this MLflow no longer writes to the folder {where}",
        "set MLFLOW_ALLOW_FILE_STORE=true, or move to a database with `mlflow migrate-filestore`",
    ),
    _Kind(
        _is("UnsupportedModelRegistryStoreURIException", "InvalidUrlException", "MissingSchema"),
        "MLflow does not know what to do with the tracking URI {where}",
        "set `tracking_uri` to sqlite:///…, a database, or http(s)://…",
        permanent=True,
    ),
    _Kind(
        _is("NoSuchModuleError", "ImportError"),
        "a library that MLflow needs for {where} is missing here: {detail}",
        "install it into the environment that gitver runs in",
    ),
    _Kind(
        _is("ResponseTooLarge", "MemoryError"),
        "MLflow at {where} sends more than gitver reads",
        "check that `tracking_uri` leads to MLflow",
    ),
    _Kind(
        _is("RedirectRefused"),
        "{where} redirects to another server; gitver does not follow",
        "set `tracking_uri` to the address that it redirects to, if you trust it",
    ),
    _Kind(
        _either(_is("UNAUTHENTICATED", "CUSTOMER_UNAUTHORIZED"), _status(401)),
        "MLflow at {where} does not accept the credentials it was given, or was given none",
        "set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN",
    ),
    _Kind(
        _either(_is("PERMISSION_DENIED"), _status(403)),
        "MLflow at {where} does not let this user register a version",
        "ask for EDIT rights on the experiment, then run `gitver sync`",
    ),
    _Kind(
        _says("password authentication failed", "access denied for user", "no password supplied"),
        "the database at {where} does not accept the credentials",
        "correct the user and the password in `tracking_uri`",
    ),
    _Kind(
        _is("SSLError", "SSLCertVerificationError"),
        "no secure connection to MLflow at {where}: {detail}",
        "set MLFLOW_TRACKING_SERVER_CERT_PATH to the authority's certificate",
    ),
    _Kind(
        _is("ProxyError"),
        "the proxy on the way to MLflow at {where} failed",
        "check HTTPS_PROXY, HTTP_PROXY and NO_PROXY",
    ),
    _Kind(
        _either(
            _is("NameResolutionError", "gaierror"),
            _says("could not translate host name", "name or service not known"),
        ),
        "the host of {where} cannot be found",
        "check `tracking_uri` and the network; " + _LATER,
    ),
    _Kind(
        _either(_is("ConnectionRefusedError"), _says("connection refused")),
        "nothing answers at {where}: connection refused",
        "start MLflow there, or correct `tracking_uri`; " + _LATER,
    ),
    _Kind(
        _either(_is("Timeout", "TimeoutError"), _says("timed out", "timeout expired")),
        "MLflow at {where} did not answer in time",
        _LATER,
    ),
    _Kind(
        _is("TooManyRedirects"),
        "{where} redirects in a circle",
        "set `tracking_uri` to the address the redirects should lead to",
    ),
    _Kind(
        _either(_says("not in a valid json format"), _is("JSONDecodeError", "ParseError")),
        "{where} does not answer as MLflow does: a login page, or another service",
        "check `tracking_uri` and whether a login or VPN is needed",
    ),
    _Kind(
        _either(_is("ENDPOINT_NOT_FOUND"), _status(404, 405)),
        "{where} is not an MLflow server, or one older than MLflow 3",
        "check `tracking_uri`, or have the server upgraded",
    ),
    _Kind(
        _status(413),
        "MLflow at {where} refuses a registration of this size",
        "log less: fewer `params`, or `diff: off`",
        permanent=True,
    ),
    _Kind(
        _status(429),
        "MLflow at {where} asks for fewer requests",
        _LATER,
    ),
    _Kind(
        _either(
            _is("TEMPORARILY_UNAVAILABLE", "RetryError"),
            _status(500, 502, 503, 504),
        ),
        "MLflow at {where} is up but answers with an error",
        "look at the server's log; " + _LATER,
    ),
    _Kind(
        _BROKEN,
        "the connection to MLflow at {where} broke",
        _LATER,
    ),
    _Kind(
        _says("must be in the 'active' state", "non-active experiment"),
        "the experiment at {where} has been deleted",
        "restore it, or set `experiment` to another one",
        permanent=True,
    ),
    _Kind(
        _is("RESOURCE_DOES_NOT_EXIST"),
        "MLflow at {where} does not know what it was asked for: {detail}",
        "check `experiment`",
        permanent=True,
    ),
    _Kind(
        _is("INVALID_PARAMETER_VALUE", "BAD_REQUEST", "INVALID_STATE"),
        "MLflow at {where} refuses the registration: {detail}",
        "correct what it names in `.gitver.yaml`",
        permanent=True,
    ),
    _Kind(
        _is("PermissionError", "FileNotFoundError", "NotADirectoryError", "FileExistsError"),
        "the MLflow store {where} cannot be opened: {detail}",
        "check that its folder exists and may be written, or set `tracking_uri`",
    ),
)
