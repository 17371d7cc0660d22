"""What MLflow is told about a version: the LoggedModel's name, tags and params."""

from __future__ import annotations

import getpass

from gitver_hooks.handover.store import Store
from gitver_hooks.registry.registration import Registration
from gitver_hooks.repository.repository import Repository
from gitver_hooks.settings import Settings, flattened_params
from gitver_hooks.version.diff import LARGEST_DIFF, write_diff
from gitver_hooks.version.identify import Identified
from gitver_hooks.version.model_name import app_name, model_name

# The bound that MLflow documents for run tags, which hosted services hold to for models as well.
_LARGEST_HOSTED_TAG = 8_000


def describe(
    repository: Repository, identified: Identified, settings: Settings, store: Store
) -> Registration:
    """The registration of an identified version, holding all that is true of it now.

    Raises GitverError where a params file is missing or wrong.
    """
    version = identified.version
    app = app_name(repository, settings, version.remote_url)
    tags = {
        "gitver.version": version.id,
        "gitver.tree": version.tree,
        "mlflow.source.git.dirty": "true" if version.dirty else "false",
        "mlflow.source.name": app,
        "mlflow.user": _user(),
    }
    optional = {
        "mlflow.source.git.commit": version.commit,
        "mlflow.source.git.branch": version.branch,
        "mlflow.source.git.repoURL": version.remote_url,
    }
    tags.update({key: value for key, value in optional.items() if value})
    diff = None
    if version.dirty and settings.diff == "tag":
        hosted = store.tracking_uri.startswith("databricks")
        diff = write_diff(
            identified.content,
            secrets=settings.secrets,
            largest=_LARGEST_HOSTED_TAG if hosted else LARGEST_DIFF,
        )
    return Registration(
        version=version.id,
        name=model_name(app, version),
        store=store,
        model_type=settings.model_type,
        tags=tags,
        params=flattened_params(settings, repository.location.worktree),
        diff=diff.to_json() if diff else "",
    )


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):
        return "unknown"
