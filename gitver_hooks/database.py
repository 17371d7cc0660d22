"""Whether a database is ready for this MLflow: made if absent, left alone if of another schema."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from gitver_hooks.failures import MLflowFailure, strip_credentials

if TYPE_CHECKING:
    from alembic.script import ScriptDirectory
    from sqlalchemy.engine import Engine

# How long a file may stay locked before that is said, and how long a store that somebody is just
# creating is waited for (s).
_LOCK_TIMEOUT = 3
_CREATION_TIMEOUT = 15.0
_REVISION_TABLE = "alembic_version"


def make_ready(uri: str) -> None:
    """Create the database of ``uri`` if it does not exist, and let no other than MLflow's pass.

    Raises MLflowFailure unless its schema is MLflow's, in the revision of the installed MLflow.
    """
    from sqlalchemy import make_url

    path = _sqlite_path(uri)
    if path is not None and not os.path.exists(path):
        _create_sqlite(path)
    elif path is not None or make_url(uri).get_backend_name() != "sqlite":
        _check(uri)


def _sqlite_path(uri: str) -> str | None:
    """The file that SQLAlchemy opens for ``uri``; None where it opens none."""
    from sqlalchemy import make_url

    url = make_url(uri)
    if url.get_backend_name() != "sqlite":
        return None
    (name, *_), _ = url.get_dialect()().create_connect_args(url)
    name = str(name).removeprefix("file:").partition("?")[0]
    return None if name in ("", ":memory:") else str(Path(name).absolute())


def _create_sqlite(path: str) -> None:
    """Make an empty store under another name and link it: no other process sees half of one."""
    from mlflow import MlflowClient

    folder = os.path.dirname(path)
    os.makedirs(folder, exist_ok=True)
    with _alone(folder):
        if os.path.exists(path):
            return
        draft = f"{path}.new-{os.getpid()}"
        try:
            MlflowClient(tracking_uri=f"sqlite:///{draft}").search_experiments(max_results=1)
            with suppress(FileExistsError):
                os.link(draft, path)
        finally:
            for leftover in (draft, f"{draft}-journal"):
                with suppress(FileNotFoundError):
                    os.unlink(leftover)


@contextmanager
def _alone(folder: str) -> Iterator[None]:
    """Hold the folder's lock, so that one process makes the store and the others wait for it.

    That saves work and is not needed for being right, so a file system without locks will do.
    """
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _check(uri: str) -> None:
    from sqlalchemy import create_engine
    from sqlalchemy.pool import NullPool

    arguments = {"timeout": _LOCK_TIMEOUT} if uri.startswith("sqlite") else {}
    engine = create_engine(uri, poolclass=NullPool, connect_args=arguments)
    try:
        revision = _revision(engine)
        started = time.monotonic()
        # Another process may be creating it right now, revision after revision.
        while revision != _head() and time.monotonic() - started < _CREATION_TIMEOUT:
            time.sleep(0.5)
            before, revision = revision, _revision(engine)
            if revision == before:
                break
        if revision != _head():
            _refuse(uri, revision)
    finally:
        engine.dispose()


def _revision(engine: Engine) -> str | None:
    """The schema's revision; the present one for a database without any table."""
    from sqlalchemy import inspect, text

    with engine.connect() as connection:
        tables = inspect(connection).get_table_names()
        if not tables:
            return _head()
        if _REVISION_TABLE not in tables:
            return None
        found = connection.execute(text(f"SELECT version_num FROM {_REVISION_TABLE}")).scalars()
        return ", ".join(sorted(found)) or None


@cache
def _scripts() -> ScriptDirectory:
    import mlflow
    from alembic.script import ScriptDirectory

    package = Path(mlflow.__file__).absolute().parent
    return ScriptDirectory(str(package / "store" / "db_migrations"))


def _head() -> str:
    return str(_scripts().get_current_head())


def _refuse(uri: str, revision: str | None) -> None:
    import mlflow

    where = strip_credentials(uri)
    here = f"MLflow {mlflow.__version__} here has {_head()}"
    if revision is None:
        raise MLflowFailure(
            f"the database {where} holds tables, but no MLflow schema ({here})",
            "set `tracking_uri` to another one, or have MLflow add its tables to this one:"
            f" `mlflow db upgrade {where}`",
        )
    known = {one.revision for one in _scripts().walk_revisions()}
    if revision in known:
        raise MLflowFailure(
            f"the MLflow store {where} has an older schema ({revision}; {here}); it is left alone",
            "run gitver with the MLflow of your app, or back the store up and run"
            f" `mlflow db upgrade {where}`",
        )
    raise MLflowFailure(
        f"the MLflow store {where} has a newer schema ({revision}; {here}); it is left alone",
        "install the newer MLflow, the one of your app, into the environment that gitver runs in",
    )
