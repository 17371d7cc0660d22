"""URIs: which are accepted, what is removed from them, and when two lead to the same store."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from gitver_hooks.common.errors import GitverError
from gitver_hooks.common.uris import (
    check_tracking_uri,
    remote_without_credentials,
    same_store,
    without_credentials,
)

ACCEPTED = [
    "http://localhost:5000",
    "https://mlflow.example/base/path/",
    "https://ada:s3cret@mlflow.example",
    "http://[::1]:5000",
    "http://127.0.0.1",
    "https://mlflow.example:8443/~ada@work",
    "databricks",
    "databricks://profile",
    "databricks://scope:prefix",
    "databricks-uc",
    "databricks-uc://profile",
    "sqlite:///mlflow.db",
    "sqlite:////home/ada/my app/a@b#c.db",
    "sqlite:////home/ada/mlflow.db?mode=ro",
    "sqlite:///:memory:",
    "postgresql://db/mlflow",
    "postgresql+psycopg2://ada:s3/cret?@db:5432/mlflow?sslmode=require",
    "postgresql://ada@server:s3cret@db.example/mlflow",
    "postgresql:///mlflow",
    "mysql+pymysql://ada@db/mlflow",
    "mssql+pyodbc://ada:s3cret@db/mlflow?driver=ODBC+Driver+17",
    "file:///home/ada/my runs",
    "file:/home/ada/mlruns",
    "/home/ada/mlruns",
    "mlruns",
    "./c#/mlruns?@",
    "/home/ada/nicht-utf-8-\udce9",
]


@pytest.mark.parametrize("uri", ACCEPTED)
def test_a_tracking_uri_of_mlflow_is_accepted_as_it_is(uri: str) -> None:
    assert check_tracking_uri(uri) == uri


@pytest.mark.parametrize(
    "uri",
    [
        "http://evil?@good",
        "http://evil#@good",
        "http://evil\\@good",
        "http://a@evil@good/",
        "http://ada:se/cret@good",
        "http://evil%40good",
        "http://good\u2100evil",
        "http://go od",
        "http://good/\tx",
        "http://good\n.evil",
        "http://good\x00",
        "http://good\u202e",
        "http://good\u200b.example",
        "http://good:port",
        "http://good:99999",
        "http://good:" + "9" * 5000,
        "http://[::1",
        "http://[::1]evil",
        "databricks://ada@profile",
        "postgresql://ada:s3cr@t@db/mlflow",
        "postgresql://db:5432/mlflow?user=a@b",
        "postgresql://ada:s3cret@d b/mlflow",
        "sqlite:///a\n",
        "sqlite:///a\x9b",
        "runs\r\nfolder",
        "file:///a\u2028b",
        "/home/ada/\u200e",
    ],
)
def test_a_uri_with_an_ambiguous_host_or_hidden_characters_is_refused(uri: str) -> None:
    with pytest.raises(GitverError) as caught:
        check_tracking_uri(uri)
    assert str(caught.value).isprintable()
    assert "s3cr" not in str(caught.value)


@pytest.mark.parametrize(
    ("uri", "suggestion"),
    [
        ("localhost:5000", "http://localhost:5000"),
        ("127.0.0.1:5000", "http://127.0.0.1:5000"),
        ("[::1]:5000", "http://[::1]:5000"),
        ("mlflow.example:5000/base", "http://mlflow.example:5000/base"),
        ("//mlflow.example", "http://mlflow.example"),
        (" http://mlflow.example\n", "http://mlflow.example"),
        ("htp://mlflow.example", "http://mlflow.example"),
        ("http:/mlflow.example", "http://mlflow.example"),
        ("postgres://db/mlflow", "postgresql://db/mlflow"),
        ("postgre://db/mlflow", "postgresql://db/mlflow"),
        ("mariadb://db/mlflow", "mysql+pymysql://db/mlflow"),
        ("sqlite://mlflow.db", "sqlite:///mlflow.db"),
        ("sqlite:mlflow.db", "sqlite:///mlflow.db"),
        ("sqlite:/home/ada/mlflow.db", "sqlite:////home/ada/mlflow.db"),
        ("file://home/ada/mlruns", "file:///home/ada/mlruns"),
    ],
)
def test_a_likely_typing_mistake_is_refused_with_a_correction(uri: str, suggestion: str) -> None:
    with pytest.raises(GitverError) as caught:
        check_tracking_uri(uri)
    assert caught.value.remedy == f"did you mean {suggestion}?"


@pytest.mark.parametrize(
    "uri", ["", "mongodb://db/x", "C:\\mlruns", "s3://bucket/x", "a:b", "http:"]
)
def test_an_unknown_scheme_or_an_empty_value_is_refused(uri: str) -> None:
    with pytest.raises(GitverError, match="cannot be used"):
        check_tracking_uri(uri)


def test_the_scheme_of_an_installed_plugin_is_accepted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    metadata = tmp_path / "store_plugin-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: store-plugin\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text("[mlflow.tracking_store]\nazureml = a:b\n")
    uri = "azureml://eastus.example/mlflow/v1.0"
    with pytest.raises(GitverError, match="azureml"):
        check_tracking_uri(uri)
    monkeypatch.syspath_prepend(str(tmp_path))
    assert check_tracking_uri(uri) == uri


@pytest.mark.parametrize(
    ("uri", "kept"),
    [
        ("https://ada:s3cret@host:5000/x?a=1#f", "https://host:5000/x"),
        ("https://token@host/x", "https://host/x"),
        ("https://@host/x", "https://host/x"),
        ("https://host/x?api_key=s3cret", "https://host/x"),
        ("postgresql+psycopg2://ada:s3/cr@et@db/mlflow", "postgresql+psycopg2://***"),
        ("postgresql+psycopg2://ada:s3/cret@db/mlflow", "postgresql+psycopg2://db/mlflow"),
        ("postgresql://ada@server:s3cret@db/mlflow", "postgresql://db/mlflow"),
        ("postgresql://ada@db:5432/mlflow", "postgresql://db:5432/mlflow"),
        ("postgresql://db/x?sslmode=require&password=s3cret", "postgresql://db/x?sslmode=require"),
        ("postgresql://db/x?user=ada&pass%77ord=s3cret", "postgresql://db/x"),
        ("postgresql://db/x?sslkey=/home/key.pem", "postgresql://db/x?sslkey=/home/key.pem"),
        ("mssql+pyodbc:///?odbc_connect=UID%3Dada%3BPWD%3Ds3cret", "mssql+pyodbc:///"),
        ("sqlite:////home/a@b/c#d.db?mode=ro", "sqlite:////home/a@b/c#d.db?mode=ro"),
        ("file:///home/a@b/my runs", "file:///home/a@b/my runs"),
        ("https://host/x@y", "https://host/x@y"),
        ("https://host:8443/~ada@work", "https://host:8443/~ada@work"),
        ("https://ada:s3/cret@host/", "https://***"),
        ("http://evil?@good", "http://***"),
        ("ada:s3cret@host/x", "ada:***"),
        ("//ada:s3cret@host/x", "//***"),
        ("databricks", "databricks"),
        ("databricks://scope:prefix", "databricks://scope:prefix"),
        ("/home/a@b/mlruns?", "/home/a@b/mlruns?"),
    ],
)
def test_a_tracking_uri_is_reduced_to_what_mlflow_needs(uri: str, kept: str) -> None:
    assert without_credentials(uri) == kept
    assert without_credentials(kept) == kept


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("https://user:s3cret@example.com/team/shop.git", "https://example.com/team/shop.git"),
        ("https://ghp_token@example.com/shop", "https://example.com/shop"),
        ("https://example.com/shop?private_token=s3cret#x", "https://example.com/shop"),
        ("https://evil?@example.com/shop", ""),
        ("https://ada:s3/cret@example.com/shop", ""),
        ("ssh://git:s3cret@example.com:2222/shop.git", "ssh://git@example.com:2222/shop.git"),
        ("ssh://example.com/~ada/shop", "ssh://example.com/~ada/shop"),
        ("git@example.com:team/shop.git", "git@example.com:team/shop.git"),
        ("ada:s3cret@example.com:team/shop.git", "example.com:team/shop.git"),
        ("example.com:~ada/shop", "example.com:~ada/shop"),
        ("../shop.git", "../shop.git"),
        ("/srv/git/c#/a@b:c.git", "/srv/git/c#/a@b:c.git"),
        ("file:///srv/my git/shop.git", "file:///srv/my git/shop.git"),
        ("ext::ssh -o ProxyCommand=s3cret %S", ""),
        ("codecommit::us-east-1://ada@shop", "codecommit::us-east-1://shop"),
        ("http::https://ada:s3cret@example.com/shop", "http::https://example.com/shop"),
    ],
)
def test_a_remote_is_recorded_without_credentials(url: str, kept: str) -> None:
    assert remote_without_credentials(url) == kept
    assert remote_without_credentials(kept) == kept


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        ("http://host:5000", "http://host:5000", True),
        ("http://HOST:5000/", "HTTP://host:5000", True),
        ("http://ada:s3cret@host", "http://host:80/", True),
        ("https://host:443/x?a#b", "https://host/x", True),
        ("http://host", "https://host", False),
        ("http://host", "http://host:5000", False),
        ("http://host/a", "http://host/b", False),
        ("http://host.evil", "http://host", False),
        ("http://host?@evil", "http://host", False),
        ("http://host?@evil", "http://host?@evil", False),
        ("/runs/a b", "file:///runs/a%20b", True),
        ("file:/runs", "file://localhost/runs", True),
        ("databricks", "databricks://profile", False),
        ("databricks", "file:databricks", False),
        ("postgresql://ada:1@db/x?sslmode=require", "postgresql://db/x?sslmode=require", True),
        ("postgresql://db/x?sslmode=require", "postgresql://db/x", False),
        ("postgresql://db/x", "mysql://db/x", False),
        ("sqlite:////a/b.db", "sqlite:////a/c.db", False),
        ("sqlite:////a/\udce9?x", "sqlite:////a/\udce9?x", True),
    ],
)
def test_two_stores_are_the_same_only_if_their_parsed_forms_are(
    first: str, second: str, same: bool
) -> None:
    assert same_store(first, second) is same
    assert same_store(second, first) is same


def test_a_simple_uri_is_handled_without_the_costly_imports() -> None:
    program = (
        "import sys\n"
        "from gitver_hooks.common.uris import *\n"
        "for uri in ('http://h:5000/x', 'sqlite:////a/b.db', '/a/b', 'databricks://p',\n"
        "            'postgresql+psycopg2://db:5432/x', 'git@h:x'[4:]):\n"
        "    without_credentials(uri), remote_without_credentials(uri), same_store(uri, uri)\n"
        "for uri in ('http://h:5000/x', 'sqlite:////a/b.db', '/a/b', 'databricks://p'):\n"
        "    check_tracking_uri(uri)\n"
        "same_store('http://h:5000/x', 'http://h:5000')\n"
        "print({'urllib.parse', 're', 'dataclasses', 'importlib.metadata'} & set(sys.modules))\n"
    )
    # -S: the site module of a virtual environment may import anything.
    root = str(Path(__file__).parents[2])
    done = subprocess.run(
        [sys.executable, "-S", "-c", f"import sys; sys.path.insert(0, {root!r})\n{program}"],
        capture_output=True,
        text=True,
    )
    assert done.stdout == "set()\n", done.stderr
