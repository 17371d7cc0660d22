"""Loads the settings in effect for a worktree: the first source that sets a key wins."""

from __future__ import annotations

import os
from itertools import chain
from typing import Any, NamedTuple

from gitver_hooks.common.errors import GitverError
from gitver_hooks.repository.repository import Repository
from gitver_hooks.settings.approval import Request, allowed_texts, approval_text, refusal
from gitver_hooks.settings.keys import DEFAULTS, SETTINGS_FILE, TREE, Settings
from gitver_hooks.settings.sources import (
    Found,
    from_git_config,
    from_gitver_variables,
    from_mlflow_variables,
    from_tree,
)
from gitver_hooks.settings.tree_files import read_tree_file


class Survey(NamedTuple):
    """Everything about the settings of a worktree, including what is wrong.

    ``settings`` are those in effect, without the values of the tree that are not allowed.
    ``requests`` are the values of the tree that count only if they are allowed. ``problems`` are
    unknown keys, wrong values and files that must not be read.
    """

    settings: Settings
    requests: tuple[Request, ...]
    problems: tuple[GitverError, ...]

    @property
    def refused(self) -> tuple[Request, ...]:
        return tuple(request for request in self.requests if not request.is_allowed)


def load_settings(repository: Repository) -> Settings:
    """The settings in effect for the app at the location of ``repository``.

    Each key is looked up in MLflow's own variables, in ``GITVER_<KEY>``, in
    ``git config gitver.<camelCaseKey>`` and in the app's ``.gitver.yaml``. Raises GitverError for
    an unknown key or a wrong value, naming the key, the source and what is allowed, and NotAllowed
    if the tree asks for something that the user has not allowed.
    """
    survey = survey_settings(repository)
    if survey.problems:
        raise survey.problems[0]
    if survey.refused:
        raise refusal(survey.refused, repository.environment)
    return survey.settings


def survey_settings(repository: Repository) -> Survey:
    """As ``load_settings``, but collects the problems instead of raising."""
    location = repository.location
    path = location.settings_file
    problems: list[GitverError] = []
    try:
        text = read_tree_file(location.worktree, os.path.join(location.app, SETTINGS_FILE))
    except GitverError as error:
        problems.append(error)
        text = None
    found: dict[str, Found] = {}
    for finding in chain(
        from_mlflow_variables(repository.environment),
        from_gitver_variables(repository.environment),
        from_git_config(repository.configuration),
        from_tree(text, path),
    ):
        if isinstance(finding, GitverError):
            problems.append(finding)
        else:
            found.setdefault(finding.key.name, finding)
    requests = _requests(found, repository)
    for request in requests:
        if not request.is_allowed:
            del found[request.key.name]
    values: dict[str, Any] = {name: finding.value for name, finding in found.items()}
    sources = {name: finding.source for name, finding in found.items()}
    settings = Settings(path=path, text=text, sources=sources, **values)
    return Survey(settings, requests, tuple(problems))


def _requests(found: dict[str, Found], repository: Repository) -> tuple[Request, ...]:
    allowed = allowed_texts(repository.configuration)
    return tuple(
        Request(key, value, is_allowed=approval_text(key, value) in allowed)
        for key, value, source in found.values()
        if source.kind == TREE
        # The default takes effect anyway.
        and value != getattr(DEFAULTS, key.name)
        and key.needs_approval(value)
    )
