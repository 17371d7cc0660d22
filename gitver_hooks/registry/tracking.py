"""Resolves the tracking URI and the experiment of a worktree, and who chose them."""

from __future__ import annotations

import os
import stat
from typing import NamedTuple

from gitver_hooks.common.errors import GitverError
from gitver_hooks.common.uris import without_credentials
from gitver_hooks.handover.store import DEFAULT, ENVIRONMENT, SETTINGS, Experiment, Store
from gitver_hooks.settings import Settings
from gitver_hooks.settings.keys import DEFAULT as DEFAULT_SOURCE
from gitver_hooks.settings.keys import MLFLOW_VARIABLE
from gitver_hooks.settings.tree_files import resolve_inside

_SQLITE = "sqlite:///"


class Tracking(NamedTuple):
    """A tracking URI as it was given, an experiment, and who chose each.

    ``uri`` may contain credentials: it goes to MLflow and nowhere else. The sources are ENVIRONMENT
    (MLflow's own variables, which an app reads by itself), SETTINGS or DEFAULT.
    """

    uri: str
    uri_source: str
    experiment: Experiment
    experiment_source: str

    @property
    def store(self) -> Store:
        """The store without credentials."""
        return Store(without_credentials(self.uri), self.experiment)


def resolve_tracking(settings: Settings, main_worktree: str) -> Tracking:
    """The store that the settings choose, or the embedded one of the main worktree.

    A relative path counts from the root of the main worktree, whichever folder a hook or an app is
    started in. Raises GitverError if such a path leads out of the main worktree, or to something
    that is neither a regular file nor a folder: what is checked out decides what it leads to.
    """
    uri_source = _source(settings, "tracking_uri")
    uri = settings.tracking_uri
    if uri is None:
        uri = default_tracking_uri(main_worktree)
    elif uri_source == SETTINGS:
        uri = _absolute(uri, main_worktree)
    experiment_source = _source(settings, "experiment")
    return Tracking(uri, uri_source, settings.experiment or Experiment(), experiment_source)


def _source(settings: Settings, key: str) -> str:
    kind = settings.source(key).kind
    return {MLFLOW_VARIABLE: ENVIRONMENT, DEFAULT_SOURCE: DEFAULT}.get(kind, SETTINGS)


def default_tracking_uri(main_worktree: str) -> str:
    """The URI that MLflow would pick in ``main_worktree``: ``mlruns`` if in use, else SQLite.

    The rule is that of ``mlflow.get_tracking_uri``. Raises GitverError if a link leads out of it.
    """
    try:
        names = os.listdir(_inside(main_worktree, "mlruns"))
    except OSError:
        names = []
    # What is below an experiment may be a link, too: MLflow writes there.
    experiments = [
        os.path.dirname(_inside(main_worktree, os.path.join("mlruns", name, "models")))
        for name in names
        if name.isdigit()
    ]
    if any(os.path.exists(os.path.join(folder, "meta.yaml")) for folder in experiments):
        return _file_uri(os.path.join(main_worktree, "mlruns"))
    return sqlite_uri(_inside(main_worktree, "mlflow.db"))


def sqlite_uri(path: str) -> str:
    """The tracking URI of the SQLite file at ``path``.

    Only what would end the path is quoted: SQLAlchemy 2.0 takes a path as it is, 2.1 unquotes it.
    """
    return _SQLITE + path.replace("%", "%25").replace("?", "%3F")


def sqlite_file(uri: str) -> str | None:
    """The file behind a SQLite tracking URI, or None for any other URI."""
    if not uri.startswith("sqlite:"):
        return None
    path = _unquoted(uri.partition(":///")[2].partition("?")[0])
    return os.path.abspath(path) if path and path != ":memory:" else None


def is_shared(uri: str) -> bool:
    """Whether other machines may use the store: it is neither a SQLite file nor a folder."""
    return uri.partition(":")[0] not in ("sqlite", "file") and ":" in uri


def sqlite_inode(uri: str) -> str:
    """The inode of the file behind a SQLite tracking URI.

    ``-`` for any other URI, and empty if the file does not exist.
    """
    path = sqlite_file(uri)
    try:
        return str(os.stat(path).st_ino) if path else "-"
    except OSError:
        return ""


def _absolute(uri: str, folder: str) -> str:
    """``uri`` with a relative path made absolute from ``folder``."""
    if ":" not in uri and not uri.startswith("databricks"):
        return _file_uri(_inside(folder, uri))
    if not uri.startswith(_SQLITE) or uri.startswith(f"{_SQLITE}/"):
        return uri
    path, question, query = uri[len(_SQLITE) :].partition("?")
    path = _unquoted(path)
    if path == ":memory:":
        return uri
    return sqlite_uri(_inside(folder, path)) + question + query


def _file_uri(path: str) -> str:
    # Imported where needed: hooks are faster without it.
    from pathlib import Path

    return Path(path).absolute().as_uri()


def _unquoted(path: str) -> str:
    if "%" not in path:
        return path
    from urllib.parse import unquote

    return unquote(path)


def _inside(folder: str, name: str) -> str:
    """The path of a store in ``folder``.

    Raises GitverError if links lead it elsewhere, or if it is neither a file nor a folder.
    """
    remedy = "set an absolute one with `git config gitver.trackingUri`"
    path = os.path.normpath(os.path.join(folder, name))
    if os.path.isabs(name):
        return path
    try:
        mode = os.lstat(resolve_inside(folder, name)).st_mode
    except FileNotFoundError:
        return path
    except GitverError as error:
        raise GitverError(f"the tracking URI: {error.message}", remedy) from error
    except OSError as error:
        raise GitverError(f"the tracking URI: {path}: {error.strerror}", remedy) from error
    if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
        raise GitverError(f"the tracking URI: {path} is neither a file nor a folder", remedy)
    return path
