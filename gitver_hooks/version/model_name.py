"""Names the LoggedModel of a version."""

from __future__ import annotations

import os

from gitver_hooks.repository.remote import main_worktree, repository_name
from gitver_hooks.repository.repository import Repository
from gitver_hooks.settings import Settings
from gitver_hooks.version.version import UNBORN, Version

# PostgreSQL holds names of up to 500 characters (MLflow's schema).
_LONGEST_APP = 400


def app_name(repository: Repository, settings: Settings, url: str | None) -> str:
    """The first part of the LoggedModel's name: the setting ``app``, or the name of its folder.

    For an app in the worktree's root, that is the name of the remote's repository, or else of the
    main worktree's folder.
    """
    if settings.app:
        return settings.app
    if repository.location.app:
        return os.path.basename(repository.location.app)
    named = repository_name(url) if url else None
    return named or os.path.basename(main_worktree(repository)) or "app"


def model_name_prefix(app: str) -> str:
    """The prefix of the names of all LoggedModels of an app: ``<app>-git-``.

    MLflow refuses some characters in a name (``/ : . % " '``): whatever is not a letter, a digit,
    ``_`` or ``-`` becomes ``-``.
    """
    safe = "".join(
        character if character.isalnum() or character in "_-" else "-" for character in app
    )[:_LONGEST_APP]
    return f"{safe}-git-"


def model_name(app: str, version: Version) -> str:
    """``<app>-git-<commit[:8]>``, and ``-dirty-<digest[:8]>`` behind it for a dirty version.

    The name that MLflow's guide to version tracking builds.
    """
    commit = (version.commit or UNBORN)[:8]
    return f"{model_name_prefix(app)}{commit}" + (
        f"-dirty-{version.digest[:8]}" if version.dirty else ""
    )
