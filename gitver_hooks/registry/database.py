"""Creates a missing SQLite store, and refuses databases with another schema than MLflow's."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from gitver_hooks.common.locks import FolderLock
from gitver_hooks.common.uris import without_credentials
from gitver_hooks.registry.failures import MLflowFailure

if TYPE_CHECKING:
    from alembic.script import ScriptDirectory
    from sqlalchemy.engine import URL, Engine

# Seconds to wait for a locked file, and for another process that is creating the store.
_LOCK_TIMEOUT = 3
_CREATION_TIMEOUT = 15.0
_REVISION_TABLE = "alembic_version"


def make_ready(uri: str) -> None:
    """Create the SQLite database of ``uri`` if it does not exist, and check any other.

    Raises MLflowFailure unless the schema is MLflow's, in the revision of the installed MLflow.
    """
    from sqlalchemy import make_url

    url = make_url(uri)
    path = _sqlite_path(url) if url.get_backend_name() == "sqlite" else None
    if path is not None and not os.path.exists(path):
        _create_sqlite(url, path)
    elif path is not None or url.get_backend_name() != "sqlite":
        _check(uri)


def _sqlite_path(url: URL) -> str | None:
    """The file that SQLAlchemy opens for a SQLite ``url``; None if it is in memory."""
    (name, *_), _ = url.get_dialect()().create_connect_args(url)
    name = str(name).removeprefix("file:").partition("?")[0]
    return None if name in ("", ":memory:") else str(Path(name).absolute())


def _create_sqlite(url: URL, path: str) -> None:
    """Create an empty store under another name, then link it: it is never seen incomplete."""
    from mlflow import MlflowClient

    folder = os.path.dirname(path)
    os.makedirs(folder, exist_ok=True)
    # The lock only saves work; even without it, only one link succeeds.
    with FolderLock(folder):
        if os.path.exists(path):
            return
        with _ignored_folder(folder) as draft_folder:
            draft = os.path.join(draft_folder, "mlflow.db")
            draft_uri = url.set(database=draft, query={}).render_as_string()
            MlflowClient(tracking_uri=draft_uri).search_experiments(max_results=1)
            _put_in_place(draft, path)


@contextmanager
def _ignored_folder(parent: str) -> Iterator[str]:
    """A temporary folder in ``parent`` that git ignores, wherever that is, by its own .gitignore.

    It is on the filesystem of ``parent``, where a file of it can be linked.
    """
    with TemporaryDirectory(prefix=".gitver-", dir=parent, ignore_cleanup_errors=True) as folder:
        Path(folder, ".gitignore").write_text("*\n")
        yield folder


def _put_in_place(draft: str, path: str) -> None:
    try:
        os.link(draft, path)
    except FileExistsError:
        return
    except OSError:
        # The file system has no hard links.
        if not os.path.exists(path):
            os.rename(draft, path)


def _check(uri: str) -> None:
    from sqlalchemy import create_engine
    from sqlalchemy.pool import NullPool

    arguments = {"timeout": _LOCK_TIMEOUT} if uri.startswith("sqlite") else {}
    engine = create_engine(uri, poolclass=NullPool, connect_args=arguments)
    try:
        revision = _revision(engine)
        started = time.monotonic()
        # Another process may be creating it at this moment, one revision after the other.
        while revision != expected_revision() and time.monotonic() - started < _CREATION_TIMEOUT:
            time.sleep(0.5)
            previous, revision = revision, _revision(engine)
            if revision == previous:
                break
        if revision != expected_revision():
            _refuse(uri, revision)
    finally:
        engine.dispose()


def _revision(engine: Engine) -> str | None:
    """The schema's revision; the expected one for a database without tables."""
    from sqlalchemy import inspect, text

    with engine.connect() as connection:
        tables = inspect(connection).get_table_names()
        if not tables:
            return expected_revision()
        if _REVISION_TABLE not in tables:
            return None
        revisions = connection.execute(text(f"SELECT version_num FROM {_REVISION_TABLE}")).scalars()
        return ", ".join(sorted(revisions)) or None


@cache
def _scripts() -> ScriptDirectory:
    import mlflow
    from alembic.script import ScriptDirectory

    package = Path(mlflow.__file__).absolute().parent
    return ScriptDirectory(str(package / "store" / "db_migrations"))


def expected_revision() -> str:
    """The schema revision of the installed MLflow."""
    return str(_scripts().get_current_head())


def _refuse(uri: str, revision: str | None) -> None:
    import mlflow

    address = without_credentials(uri)
    ours = f"MLflow {mlflow.__version__} here has {expected_revision()}"
    if revision is None:
        raise MLflowFailure(
            f"the database {address} contains tables, but no MLflow schema ({ours})",
            "set `tracking_uri` to another one, or have MLflow add its tables to this one:"
            f" `mlflow db upgrade {address}`",
        )
    older_revisions = {script.revision for script in _scripts().walk_revisions()}
    if revision in older_revisions:
        raise MLflowFailure(
            f"the MLflow store {address} has an older schema ({revision}; {ours}), and gitver"
            " does not migrate it",
            "run gitver with the MLflow of your app, or back up the store and run"
            f" `mlflow db upgrade {address}`",
        )
    raise MLflowFailure(
        f"the MLflow store {address} has a newer schema ({revision}; {ours})",
        "install the newer MLflow, the one of your app, into the environment that gitver runs in",
    )
