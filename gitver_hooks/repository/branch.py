"""Finds the branch of a version: from HEAD, from a rebase under way, or from the CI service."""

from __future__ import annotations

import os
from collections.abc import Mapping

from gitver_hooks.gitfiles.operation import rebased_branch
from gitver_hooks.repository.repository import Repository

_HEADS = "refs/heads/"


def current_branch(repository: Repository) -> str | None:
    """The name of the branch, or None if HEAD is detached and the branch is unknown."""
    ref = symbolic_head(repository)
    if ref is not None:
        return ref.removeprefix(_HEADS)
    return rebased_branch(repository.location.git_dir) or branch_in_ci(
        repository.head_commit() or "", repository.environment
    )


def symbolic_head(repository: Repository) -> str | None:
    """The ref that HEAD points to, or None if it is detached."""
    ref = repository.head().ref
    return None if ref is None else os.fsencode(ref).decode("utf-8", "backslashreplace")


# For each service: the variable with the commit it checked out, then those with the branch, a pull
# request's source first. From the services' lists of predefined variables.
_SERVICES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("GITHUB_SHA", ("GITHUB_HEAD_REF", "GITHUB_REF_NAME")),
    ("CI_COMMIT_SHA", ("CI_MERGE_REQUEST_SOURCE_BRANCH_NAME", "CI_COMMIT_REF_NAME")),
    ("BUILD_SOURCEVERSION", ("SYSTEM_PULLREQUEST_SOURCEBRANCH", "BUILD_SOURCEBRANCH")),
    ("GIT_COMMIT", ("CHANGE_BRANCH", "BRANCH_NAME", "GIT_BRANCH")),
    ("CIRCLE_SHA1", ("CIRCLE_BRANCH",)),
    ("BITBUCKET_COMMIT", ("BITBUCKET_BRANCH",)),
)
# These names are too common to be trusted outside the service that sets them.
_ONLY_IN_JENKINS = ("JENKINS_URL", "JENKINS_HOME", "BUILD_TAG")


def branch_in_ci(commit: str, environment: Mapping[str, str]) -> str | None:
    """The branch that a CI service names for the detached ``commit`` it checked out.

    If the service names another commit, it means another repository, and is ignored.
    """
    for commit_variable, branch_variables in _SERVICES:
        if commit_variable == "GIT_COMMIT" and not any(
            name in environment for name in _ONLY_IN_JENKINS
        ):
            continue
        if environment.get(commit_variable, commit) != commit:
            continue
        for variable in branch_variables:
            branch = _branch_name(variable, environment.get(variable, ""), environment)
            if branch:
                return branch
    return None


def _branch_name(variable: str, value: str, environment: Mapping[str, str]) -> str | None:
    if variable == "GITHUB_REF_NAME" and environment.get("GITHUB_REF_TYPE") == "tag":
        return None
    if variable == "CI_COMMIT_REF_NAME" and environment.get("CI_COMMIT_TAG"):
        return None
    if variable == "GIT_BRANCH":
        return value.removeprefix("origin/")
    if value.startswith("refs/"):
        return value[len(_HEADS) :] if value.startswith(_HEADS) else None
    return value
