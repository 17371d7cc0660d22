"""Decides which LoggedModels that gitver did not create may become the model of a version.

An app may have registered its own versions before it used gitver, in one of two ways:

* The snippet of MLflow's guide, ``mlflow.set_active_model(name="<app>-git-<commit[:8]>")``, creates
  a READY model with the name that gitver uses.
* ``mlflow.genai.enable_git_model_versioning()`` creates a model with a random name and git tags,
  and leaves it PENDING.

A clean version adopts the oldest such model by adding gitver's tags to it, and the app's call keeps
finding the same model. Dirty versions adopt nothing: neither mechanism tells two edits of a commit
apart. Nor do versions that are a part of a tree: both mechanisms know only whole commits.

Registrars of one version must agree on what can be adopted, wherever they run. So the rule depends
on the version and the name alone, not on the branch or the remote URL of a clone, although MLflow
searches by those too. Only with ``per_branch``, where the branch is part of the version id, it must
be the branch of the model.

A model is adopted for one version and one app only: the claim is a parameter, which can be written
only once, and it names both.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitver_hooks.registry.tags import BRANCH_TAG, COMMIT_TAG, DIRTY_TAG, LABEL_TAG, VERSION_TAG

if TYPE_CHECKING:
    from mlflow.entities import LoggedModel

    from gitver_hooks.registry.registration import Registration

# What MLflow derives from the script that was started, not from the app's version.
_REPLACED_TAGS = (LABEL_TAG, COMMIT_TAG)


def can_adopt(registration: Registration) -> bool:
    """Whether the registration's version is a commit, so that existing models are considered."""
    tags = registration.tags
    is_commit = bool(tags.get(COMMIT_TAG)) and not registration.app
    return is_commit and tags.get(DIRTY_TAG) == "false"


def is_adoptable(model: LoggedModel, registration: Registration) -> bool:
    """Whether ``model``, which gitver did not create, stands for the registration's version.

    It may be claimed already; see ``claim``.
    """
    if not can_adopt(registration) or model.tags.get(VERSION_TAG, registration.version) != (
        registration.version
    ):
        return False
    if status_of(model) not in ("READY", "PENDING"):
        return False
    if model.name == registration.name:
        # The tag with the commit does not count: MLflow takes it from the repository of the script
        # that was started, which may be another one than the app's.
        return bool(model.tags.get(DIRTY_TAG, "false") == "false")
    if model.tags.get(COMMIT_TAG) != registration.tags[COMMIT_TAG]:
        return False
    if model.tags.get(DIRTY_TAG) != "false":
        return False
    _, per_branch, branch = registration.version.partition("@")
    return not per_branch or model.tags.get(BRANCH_TAG) == branch


def claim(registration: Registration, fate: str) -> str:
    """The text that records ``fate`` for the registration's version on a model to be adopted."""
    return f"{fate}: {registration.name} {registration.version}"


def adoption_tags(model: LoggedModel, registration: Registration) -> dict[str, str]:
    """The tags to add to an adopted model: gitver's own, and those that the model lacks."""
    return {
        key: value
        for key, value in {**registration.tags, VERSION_TAG: registration.version}.items()
        if key.startswith("gitver.") or key in _REPLACED_TAGS or key not in model.tags
    }


def status_of(model: LoggedModel) -> str:
    """The status of a LoggedModel, as MLflow's API names it."""
    return str(getattr(model.status, "value", model.status))
