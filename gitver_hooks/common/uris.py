"""Checks tracking URIs, compares them, and removes credentials from them and from remote URLs.

Standard library only: hooks and apps use it each time they start (see ``uri_parts``).
"""

from __future__ import annotations

from gitver_hooks.common.errors import GitverError
from gitver_hooks.common.simple_uris import is_simple
from gitver_hooks.common.uri_parts import (
    DATABASES,
    INVISIBLE,
    PROFILES,
    Parts,
    parse,
    split_scheme,
)

HIDDEN = "***"

# mlflow.tracking._tracking_service.utils._register_tracking_stores
_MLFLOW_SCHEMES = ("file", "http", "https", *PROFILES, *DATABASES)
_PLUGIN_GROUP = "mlflow.tracking_store"
_CORRECTIONS = {"postgres": "postgresql", "mariadb": "mysql+pymysql", "sqlserver": "mssql+pyodbc"}
_DEFAULT_PORTS = {"http": "80", "https": "443"}
_SSH_SCHEMES = ("ssh", "git+ssh", "ssh+git")
_LOCAL_HOSTS = ("", ".", "localhost", "127.0.0.1")
# Query parameters that carry a user or a credential: parts of their names, and whole names.
_SECRET_PARTS = (
    *("passw", "passphrase", "secret", "token", "apikey", "api_key", "access_key", "accesskey"),
    *("accountkey", "credential", "signature"),
)
_SECRET_NAMES = ("user", "username", "uid", "odbc_connect", "pass", "pwd", "sig", "authorization")


def check_tracking_uri(text: str) -> str:
    """``text``, if MLflow can use it as a tracking URI and its host is unambiguous.

    Raises GitverError, which suggests a likely correction. The message contains no credentials.
    """
    if not text or text != text.strip():
        raise _refusal(text, "it is empty or has spaces around it", text.strip())
    scheme, after_scheme = split_scheme(text)
    if not scheme and text not in PROFILES:
        return _check_path(text)
    if scheme and not _is_known(scheme):
        raise _unknown_scheme(text, scheme, after_scheme)
    parts = parse(text)
    problem, suggestion = _likely_mistake(parts, after_scheme)
    problem = problem or parts.problem or _invisible(text)
    if problem:
        raise _refusal(text, problem, suggestion)
    return text


def _likely_mistake(parts: Parts, after_scheme: str) -> tuple[str, str]:
    """A problem with the slashes after the scheme, and the likely correction; both may be empty."""
    is_sqlite = parts.scheme.partition("+")[0] == "sqlite"
    if is_sqlite and not after_scheme.startswith("///") and after_scheme != "//":
        return "SQLite needs three slashes before the path", _sqlite(after_scheme)
    if parts.scheme in _DEFAULT_PORTS and not parts.host and not parts.problem:
        address = after_scheme.lstrip("/")
        return "it has no host", f"{parts.scheme}://{address}" if address else ""
    if parts.scheme == "file" and parts.host not in _LOCAL_HOSTS:
        return "MLflow opens only local files", f"file:///{after_scheme.lstrip('/')}"
    return "", ""


def without_credentials(uri: str) -> str:
    """A tracking URI reduced to what MLflow needs: no user, no password, no secret parameters.

    The query of a web address and any fragment are dropped. A URI whose host is ambiguous becomes
    ``scheme://***``. The function is idempotent.
    """
    if is_simple(uri):
        return uri
    parts = parse(uri)
    if not parts.scheme:
        return f"//{HIDDEN}" if uri.startswith("//") and "@" in uri else uri
    if parts.problem:
        return f"{parts.scheme}://{HIDDEN}"
    if not parts.has_authority:
        return f"{parts.scheme}:{HIDDEN}" if "@" in parts.path else uri
    return _compose(parts, _query_without_secrets(parts))


def remote_without_credentials(url: str) -> str:
    """A remote's URL (git-clone(1), "GIT URLS") without user info, query and fragment.

    The user of an ssh address stays, because it is part of the address. The result is empty if the
    host in ``url`` is ambiguous, or if ``url`` is a command (``ext::``).
    """
    if is_simple(url) and "::" not in url:
        return url
    helper, separator, address = url.partition("::")
    if separator and helper.replace("-", "").isalnum():
        nested = remote_without_credentials(address) if helper != "ext" else ""
        return f"{helper}::{nested}" if nested else ""
    if "://" not in url:
        return _scp_without_password(url)
    parts = parse(url)
    if parts.problem or not parts.scheme:
        return ""
    user = parts.user if parts.scheme in _SSH_SCHEMES else ""
    return _compose(parts, "", user)


def same_store(first: str, second: str) -> bool:
    """Whether two tracking URIs lead to the same store, whatever credentials they carry.

    They do if their parsed forms are equal: scheme, host, port, path and the parameters that
    MLflow passes on. A URI whose host is ambiguous is not the same store as any other.
    """
    if first == second and is_simple(first):
        return True
    parts = parse(first), parse(second)
    return not any(uri.problem for uri in parts) and _identity(parts[0]) == _identity(parts[1])


def _identity(parts: Parts) -> tuple[str, ...]:
    scheme = parts.scheme or "file"
    path = parts.path
    if scheme == "file" and parts.scheme and "%" in path:
        from urllib.parse import unquote

        path = unquote(path)
    if scheme in _DEFAULT_PORTS:
        path = path.removesuffix("/")
    port = parts.port or _DEFAULT_PORTS.get(scheme, "")
    host = "" if scheme == "file" and parts.host in _LOCAL_HOSTS else parts.host.lower()
    return scheme, host, port.lstrip("0"), path, _query_without_secrets(parts)


def _query_without_secrets(parts: Parts) -> str:
    if not parts.query or parts.scheme in _DEFAULT_PORTS:
        return ""
    return "&".join(item for item in parts.query.split("&") if not _is_secret_parameter(item))


def _is_secret_parameter(item: str) -> bool:
    from urllib.parse import unquote

    name, _, value = item.partition("=")
    name = unquote(name).lower()
    return (
        name in _SECRET_NAMES
        or any(part in name for part in _SECRET_PARTS)
        or "@" in unquote(value)
    )


def _compose(parts: Parts, query: str, user: str = "") -> str:
    user_prefix = f"{user}@" if user else ""
    port = f":{parts.port}" if parts.port else ""
    query_suffix = f"?{query}" if query else ""
    return f"{parts.scheme}://{user_prefix}{parts.host}{port}{parts.path}{query_suffix}"


def _scp_without_password(url: str) -> str:
    # [user@]host:path, unless a slash precedes the colon. A password has no place in this form,
    # but people put one there (user:password@host:path).
    before, colon, path = url.partition(":")
    password, at, address = path.partition("@")
    is_scp = colon and "/" not in before and "@" not in before
    return address if is_scp and at and "/" not in password else url


def _check_path(text: str) -> str:
    host, _, port = text.partition("/")[0].rpartition(":")
    if port.isdigit() and (host[:1].isdigit() or host.startswith("[")):
        raise _refusal(text, "it has no scheme", f"http://{text}")
    if text.startswith("//"):
        raise _refusal(text, "it has no scheme", f"http:{text}")
    problem = _invisible(text)
    if problem:
        raise _refusal(text, problem)
    return text


def _invisible(text: str) -> str:
    # A file name that is not UTF-8 arrives as lone surrogates, which are not printable either.
    readable = text.encode("utf-8", "surrogatepass").decode("utf-8", "replace")
    return "" if readable.isprintable() else INVISIBLE


def _is_known(scheme: str) -> bool:
    engine, plus, driver = scheme.partition("+")
    if scheme in _MLFLOW_SCHEMES or (engine in DATABASES and plus and driver and "+" not in driver):
        return True
    from importlib.metadata import entry_points

    return any(plugin.name == scheme for plugin in entry_points(group=_PLUGIN_GROUP))


def _unknown_scheme(text: str, scheme: str, after_scheme: str) -> GitverError:
    port = after_scheme.partition("/")[0]
    if port.isdigit():
        return _refusal(text, "it has no scheme", f"http://{text}")
    from difflib import get_close_matches

    candidates = [*_CORRECTIONS, *_MLFLOW_SCHEMES]
    close = get_close_matches(scheme.partition("+")[0], candidates, n=1, cutoff=0.6)
    correction = _CORRECTIONS.get(close[0], close[0]) if close else ""
    return _refusal(
        text,
        f"MLflow does not know the scheme {scheme}, and no plugin for it is installed",
        f"{correction}:{after_scheme}" if correction else "",
    )


def _sqlite(after_scheme: str) -> str:
    is_absolute = after_scheme.startswith("/") and after_scheme[1:2] != "/"
    return f"sqlite:///{'/' if is_absolute else ''}{after_scheme.lstrip('/')}"


def _refusal(text: str, problem: str, suggestion: str = "") -> GitverError:
    from gitver_hooks.common.masking import mask
    from gitver_hooks.common.printing import printable

    remedy = (
        f"did you mean {printable(mask(suggestion))}?"
        if suggestion
        else "use http(s)://host:port, sqlite:///path, a database URI, databricks or a folder, "
        "with / @ ? # in a password as %2F %40 %3F %23"
    )
    shown = printable(mask(text)) or "''"
    return GitverError(f"the tracking URI {shown} cannot be used: {problem}", remedy)
