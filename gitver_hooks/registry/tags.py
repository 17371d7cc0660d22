"""Names the tags of LoggedModels that gitver writes or reads, each in one place."""

from __future__ import annotations

VERSION_TAG = "gitver.version"
TREE_TAG = "gitver.tree"
APP_TAG = "gitver.app"
# A tag of our own: mlflow.genai.enable_git_model_versioning() overwrites mlflow.source.git.diff.
DIFF_TAG = "gitver.diff"

# MLflow's own tags. enable_git_model_versioning() searches by the first four.
COMMIT_TAG = "mlflow.source.git.commit"
BRANCH_TAG = "mlflow.source.git.branch"
DIRTY_TAG = "mlflow.source.git.dirty"
REPOSITORY_TAG = "mlflow.source.git.repoURL"
# What MLflow's pages show of a version: a label in the list, and the description on its page.
LABEL_TAG = "mlflow.source.name"
DESCRIPTION_TAG = "mlflow.note.content"
USER_TAG = "mlflow.user"


def flag_text(flag: bool) -> str:
    """The value of DIRTY_TAG, ``true`` or ``false``."""
    return "true" if flag else "false"
