"""Where MLflow is: the tracking URI and the experiment, and who said so."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

from gitver_hooks.common.uris import without_credentials
from gitver_hooks.handover.store import Experiment, Store
from gitver_hooks.settings import Settings

ENVIRONMENT = "environment"
SETTINGS = "settings"
DEFAULT = "default"

_SQLITE = "sqlite:///"


@dataclass(frozen=True)
class Tracking:
    """A tracking URI as it was given, an experiment, and where each comes from.

    ``uri`` may hold credentials: it goes to MLflow and nowhere else.
    """

    uri: str
    uri_source: str
    experiment: Experiment
    experiment_source: str

    @property
    def store(self) -> Store:
        return Store(without_credentials(self.uri), self.experiment)


def resolve_tracking(
    settings: Settings,
    main_worktree: str,
    environment: Mapping[str, str],
    *,
    for_app: bool = False,
) -> Tracking:
    """Where the models of a worktree are.

    The settings come first, then MLflow's own variables, then the embedded store of the main
    worktree. ``for_app`` turns the first two around: an app obeys the variables that its user set,
    so a model that its traces can hang on has to be where they say.
    """
    from_settings = (settings.tracking_uri, SETTINGS)
    from_environment = (environment.get("MLFLOW_TRACKING_URI"), ENVIRONMENT)
    ranked = [from_environment, from_settings] if for_app else [from_settings, from_environment]
    for value, source in ranked:
        if value:
            uri, uri_source = value, source
            break
    else:
        uri, uri_source = default_tracking_uri(main_worktree), DEFAULT
    if uri_source == SETTINGS:
        uri = _relative_to(main_worktree, uri)
    experiment, experiment_source = _experiment(settings, environment, for_app)
    return Tracking(uri, uri_source, experiment, experiment_source)


def default_tracking_uri(main_worktree: str) -> str:
    """What MLflow would pick in ``main_worktree``: ``mlruns`` if it has experiments, else SQLite.

    The rule is that of ``mlflow.get_tracking_uri``.
    """
    runs = Path(main_worktree, "mlruns")
    try:
        if any(p.name.isdigit() and (p / "meta.yaml").exists() for p in runs.iterdir()):
            return runs.absolute().as_uri()
    except OSError:
        pass
    return sqlite_uri(os.path.join(main_worktree, "mlflow.db"))


def sqlite_uri(path: str) -> str:
    """The tracking URI of the SQLite file at ``path``.

    Only what would end the path is quoted: SQLAlchemy 2.0 takes a path as it stands, 2.1 unquotes.
    """
    return _SQLITE + path.replace("%", "%25").replace("?", "%3F")


def sqlite_file(uri: str) -> str | None:
    """The file behind a SQLite tracking URI, or None for any other URI."""
    if not uri.startswith("sqlite:"):
        return None
    path = unquote(uri.partition(":///")[2].partition("?")[0])
    return os.path.abspath(path) if path and path != ":memory:" else None


def sqlite_inode(uri: str) -> str:
    """The inode of the file behind a SQLite tracking URI; empty for others and where it is gone."""
    path = sqlite_file(uri)
    try:
        return str(os.stat(path).st_ino) if path else "-"
    except OSError:
        return ""


def _relative_to(folder: str, uri: str) -> str:
    # A path in .gitver.yaml means the same from whichever folder a hook or an app is started in.
    if ":" not in uri and not uri.startswith("databricks"):
        return Path(folder, uri).absolute().as_uri()
    if uri.startswith(_SQLITE) and not uri.startswith(_SQLITE + "/"):
        path = unquote(uri[len(_SQLITE) :])
        return (
            uri if path == ":memory:" else sqlite_uri(os.path.normpath(os.path.join(folder, path)))
        )
    return uri


def _experiment(
    settings: Settings, environment: Mapping[str, str], for_app: bool
) -> tuple[Experiment, str]:
    variable: Experiment | None = None
    if environment.get("MLFLOW_EXPERIMENT_NAME"):
        variable = Experiment(name=environment["MLFLOW_EXPERIMENT_NAME"])
    elif environment.get("MLFLOW_EXPERIMENT_ID"):
        variable = Experiment(id=environment["MLFLOW_EXPERIMENT_ID"])
    if variable and (for_app or not settings.experiment):
        return variable, ENVIRONMENT
    if settings.experiment:
        return Experiment(name=settings.experiment), SETTINGS
    return Experiment(), DEFAULT
