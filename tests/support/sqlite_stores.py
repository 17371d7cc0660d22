"""Real SQLite stores, and what can happen to them."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

import pytest

from gitver_hooks.common.locks import FileLock
from support.servers import clean_environment

SQLITE_FAULTS = ("locked", "corrupt", "unopenable", "older", "newer", "foreign", "no folder")
PERMISSION_FAULTS = ("read-only file", "read-only folder")


@pytest.fixture(scope="session")
def pristine_store(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """An empty SQLite store of the installed MLflow, to be copied: making one takes seconds.

    It is made once for all workers and runs, in pytest's cache.
    """
    cache: pytest.Cache = request.config.cache
    store = cache.mkdir(f"mlflow-{version('mlflow-skinny')}") / "mlflow.db"
    with FileLock(f"{store}.lock", 120):
        if not store.exists():
            folder = tmp_path_factory.mktemp("pristine")
            subprocess.run(
                [
                    sys.executable,
                    "-c",
                    "import mlflow; mlflow.MlflowClient('sqlite:///mlflow.db').search_experiments()",
                ],
                cwd=folder,
                env=clean_environment(folder),
                check=True,
                capture_output=True,
            )
            # Complete or not there, even if this is killed.
            Path(shutil.copy(folder / "mlflow.db", f"{store}.new")).replace(store)
    return store


@pytest.fixture
def sqlite_store(pristine_store: Path, tmp_path: Path) -> Path:
    """The file of an empty SQLite store of this test's own."""
    return Path(shutil.copy(pristine_store, tmp_path / "mlflow.db"))


@contextmanager
def sqlite_fault(fault: str, store: Path) -> Iterator[str]:
    """The tracking URI of the SQLite store ``store``, to which something has happened."""
    uri = f"sqlite:///{store}"
    if fault == "locked":
        with contextlib.closing(sqlite3.connect(store, isolation_level=None)) as holder:
            holder.execute("BEGIN EXCLUSIVE")
            yield uri
        return
    if fault == "corrupt":
        store.write_bytes(b"no database, but some text " * 1000)
    elif fault == "unopenable":
        store.unlink()
        store.mkdir()
    elif fault == "no folder":
        uri = f"sqlite:///{store}/below/a/file/mlflow.db"
    elif fault == "foreign":
        store.unlink()
        _run(store, "CREATE TABLE notes (text)")
    elif fault == "older":
        # The last revision of MLflow 2.4.
        _run(store, "UPDATE alembic_version SET version_num = '3500859a5d39'")
    elif fault == "newer":
        _run(store, "UPDATE alembic_version SET version_num = 'ffffffffffff'")
    elif fault == "read-only file":
        store.chmod(0o444)
        with unprivileged(store.parent):
            yield uri
        return
    elif fault == "read-only folder":
        store.chmod(0o666)
        with unprivileged(store.parent):
            yield uri
        return
    yield uri


def _run(store: Path, statement: str) -> None:
    with contextlib.closing(sqlite3.connect(store)) as connection, connection:
        connection.execute(statement)


@contextmanager
def unprivileged(folder: Path) -> Iterator[None]:
    """Make ``folder`` read-only, and make that count where the tests run as root."""
    folder.chmod(0o555)
    opened = [
        parent
        for parent in folder.parents
        if parent.stat().st_uid == 0 and not parent.stat().st_mode & 1
    ]
    modes = {parent: parent.stat().st_mode for parent in opened}
    root = os.geteuid() == 0
    if root:
        for parent in opened:
            parent.chmod(modes[parent] | 0o011)
        os.seteuid(65534)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)
            for parent, mode in modes.items():
                parent.chmod(mode)
        folder.chmod(0o755)
