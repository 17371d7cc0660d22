"""Describes a version for MLflow: the LoggedModel's name, tags and params.

The params of the settings get the prefix ``gitver.params.``. MLflow's SQL stores refuse a second
``log_model_params`` with a key that exists already, even with the same value, and with it all
params of that call (measured on 3.1.0, 3.4.0 and 3.17.2). Without the prefix, an app that logs its
own ``temperature`` would fail because the settings have one too.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

from gitver_hooks.common.printing import printable
from gitver_hooks.handover.store import Store
from gitver_hooks.recording.labels import labels
from gitver_hooks.registry.limits import PARAM_PREFIX
from gitver_hooks.registry.registration import Registration
from gitver_hooks.registry.tags import (
    APP_TAG,
    BRANCH_TAG,
    COMMIT_TAG,
    DESCRIPTION_TAG,
    DIRTY_TAG,
    LABEL_TAG,
    REPOSITORY_TAG,
    TREE_TAG,
    USER_TAG,
    VERSION_TAG,
    flag_text,
)
from gitver_hooks.repository.repository import Repository
from gitver_hooks.settings import Settings, flattened_params
from gitver_hooks.version.identify import Identified
from gitver_hooks.version.model_name import model_name

# MLflow documents this limit for run tags; hosted services apply it to models as well.
_LARGEST_HOSTED_TAG = 8_000
_LONGEST_USER = 250


def describe(
    repository: Repository, identified: Identified, settings: Settings, store: Store
) -> Registration:
    """The complete registration of an identified version.

    Raises GitverError if a params file is missing or invalid.
    """
    version = identified.version
    params = flattened_params(settings, repository.location)
    return Registration(
        version=version.id,
        name=model_name(identified.app, version),
        store=store,
        model_type=settings.model_type,
        tags=_tags(repository, identified),
        params={PARAM_PREFIX + key: value for key, value in params.items()},
        diff=_diff(identified, settings, store),
        app=identified.owner,
    )


def _tags(repository: Repository, identified: Identified) -> dict[str, str]:
    version = identified.version
    shown = labels(repository, identified)
    tags = {
        VERSION_TAG: version.id,
        TREE_TAG: version.tree,
        APP_TAG: identified.owner or None,
        COMMIT_TAG: version.commit,
        BRANCH_TAG: version.branch,
        DIRTY_TAG: flag_text(version.dirty),
        REPOSITORY_TAG: version.remote_url,
        LABEL_TAG: shown.label,
        DESCRIPTION_TAG: shown.description,
        USER_TAG: _user(repository.environment),
    }
    return {key: value for key, value in tags.items() if value is not None}


def _diff(identified: Identified, settings: Settings, store: Store) -> str:
    """The diff of a dirty version as JSON; an empty string if it has none."""
    if not identified.version.dirty or settings.diff != "tag":
        return ""
    # Imported where needed: hooks are faster without it.
    from gitver_hooks.version.diff import LARGEST_DIFF, write_diff

    is_hosted = store.tracking_uri.startswith("databricks")
    largest = _LARGEST_HOSTED_TAG if is_hosted else LARGEST_DIFF
    return write_diff(identified.content, secrets=settings.secrets, largest=largest).to_json()


def _user(environment: Mapping[str, str]) -> str:
    """The name of the user, found as ``getpass.getuser`` does, which MLflow's own clients use."""
    for variable in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        if environment.get(variable):
            return printable(environment[variable])[:_LONGEST_USER]
    try:
        import pwd

        return pwd.getpwuid(os.getuid()).pw_name
    except (KeyError, ImportError, AttributeError):
        return "unknown"
