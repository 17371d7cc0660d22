"""What the embedded store of a worktree holds, read with sqlite3, and an app that writes to it."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

import gitver_hooks
from gitver_hooks.installation import install
from gitver_hooks.recording.exclude import exclude_local_files
from support.background import SettledGit
from support.git import Git
from support.locations import location_of

# LoggedModelStatus READY, as the store writes it.
_READY = 2
_TRACING_APP = """\
import gitver_hooks.shim
import mlflow

PROMPT = "one"


@mlflow.trace
def answer():
    return PROMPT


answer()
"""


@dataclass(frozen=True)
class Model:
    """A LoggedModel that is not deleted."""

    id: str
    name: str
    ready: bool
    tags: dict[str, str] = field(default_factory=dict)
    params: dict[str, str] = field(default_factory=dict)

    @property
    def version(self) -> str:
        return self.tags["gitver.version"]


@contextmanager
def _reading(store: Path) -> Iterator[sqlite3.Connection]:
    """One transaction, so that all queries see the same state."""
    # For writing too: what a killed writer has left half done is rolled back by the next to open.
    connection = sqlite3.connect(
        f"{store.as_uri()}?mode=rw", uri=True, timeout=20, isolation_level=None
    )
    with closing(connection):
        connection.execute("BEGIN")
        yield connection


def _rows(store: Path, query: str) -> list[tuple[str, ...]]:
    with _reading(store) as connection:
        return connection.execute(query).fetchall()


def models(store: Path) -> list[Model]:
    """The LoggedModels of the store, oldest first; none where there is no store."""
    if not store.exists():
        return []
    with _reading(store) as connection:
        tags = _by_model(
            connection.execute("SELECT model_id, tag_key, tag_value FROM logged_model_tags")
        )
        params = _by_model(
            connection.execute("SELECT model_id, param_key, param_value FROM logged_model_params")
        )
        rows = connection.execute(
            "SELECT model_id, name, status FROM logged_models WHERE lifecycle_stage = 'active' "
            "ORDER BY creation_timestamp_ms"
        ).fetchall()
    return [
        Model(
            model_id, name, int(status) == _READY, tags.get(model_id, {}), params.get(model_id, {})
        )
        for model_id, name, status in rows
    ]


def _by_model(rows: Iterable[tuple[str, str, str]]) -> dict[str, dict[str, str]]:
    values: dict[str, dict[str, str]] = {}
    for model_id, key, value in rows:
        values.setdefault(model_id, {})[key] = value
    return values


def model_of(store: Path, version: str) -> Model:
    """The one READY model of a version id."""
    (found,) = [model for model in models(store) if model.version == version and model.ready]
    return found


def versions_of_traces(store: Path) -> list[str | None]:
    """For each trace, oldest first, the version id of the model it is linked to, or None."""
    version_of = {model.id: model.version for model in models(store)}
    rows = _rows(
        store,
        "SELECT m.value FROM trace_info t LEFT JOIN trace_request_metadata m "
        "ON m.request_id = t.request_id AND m.key = 'mlflow.modelId' ORDER BY t.timestamp_ms",
    )
    return [version_of.get(model_id) for (model_id,) in rows]


class App(SettledGit):
    """A repository with hooks, an empty embedded store, and an app that traces."""

    @property
    def store(self) -> Path:
        return self.path / "mlflow.db"

    @property
    def active_model_file(self) -> Path:
        return self.path / ".mlflow-active-model"

    @property
    def version(self) -> str:
        """The id of the version that the worktree has now."""
        return gitver_hooks.identify(self.path).id

    @property
    def active(self) -> str | None:
        """What the active-model file says."""
        return (
            self.active_model_file.read_text().strip() if self.active_model_file.exists() else None
        )

    def gitver(self, *arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
        return self._call([sys.executable, "-m", "gitver_hooks", *arguments], cwd)

    def python(self, code: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
        """Run ``code`` as ``python -c``."""
        return self._call([sys.executable, "-c", code], cwd)

    def run_app(self) -> subprocess.CompletedProcess[str]:
        done = self._call([sys.executable, "app.py"], None)
        assert done.returncode == 0, done.stderr
        return done

    def _call(self, command: list[str], cwd: Path | None) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            cwd=cwd or self.path,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            timeout=120,
        )


def install_hooks(worktree: Path) -> None:
    """Install the native hooks as `gitver install` does, without another process."""
    location = location_of(worktree)
    install.install(location, os.environ)
    exclude_local_files(location)


@pytest.fixture
def make_app(
    make_git: Callable[..., Git], pristine_store: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., App]:
    """A factory of apps: ``make_app(name="app", hooks=True)``."""
    # A machine under load is no reason to leave a registration to the background.
    monkeypatch.setenv("GITVER_WAIT", "120")

    def make(name: str = "app", *, hooks: bool = True) -> App:
        app = App(make_git(name).path)
        shutil.copy(pristine_store, app.store)
        app.write("app.py", _TRACING_APP)
        app.write(".gitignore", "__pycache__/\n")
        if hooks:
            install_hooks(app.path)
        return app

    return make


@pytest.fixture
def app(make_app: Callable[..., App]) -> App:
    """An app with the hooks installed and nothing committed yet."""
    return make_app()


def ready_versions(worktree: Path) -> dict[str, str]:
    """The version of each LoggedModel that is READY in the store of the worktree, by model id."""
    found = location_of(worktree)
    store = Path(found.common_dir).parent / "mlflow.db"
    if not store.exists():
        return {}
    with closing(sqlite3.connect(store)) as database:
        rows = database.execute(
            "SELECT model.model_id, tag.tag_value FROM logged_models AS model"
            " JOIN logged_model_tags AS tag ON tag.model_id = model.model_id"
            " WHERE tag.tag_key = 'gitver.version' AND model.lifecycle_stage = 'active'"
            " AND model.status = 2"
        )
        return dict(rows.fetchall())


def is_version(version: str, revision: str, git: Git) -> bool:
    """Whether the version id is the one of the revision, or DIRTY: of an edited HEAD."""
    if revision == "DIRTY":
        return version.startswith(git("rev-parse", "HEAD")[:32] + "-dirty-")
    return version == git("rev-parse", revision)
