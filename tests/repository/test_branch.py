"""The branch: from HEAD, and on a detached HEAD from the CI service that made it."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest
from support.git import Git

from gitver_hooks.repository.branch import branch_in_ci, current_branch
from gitver_hooks.repository.repository import open_repository

COMMIT = "a" * 40


@pytest.mark.parametrize(
    ("environment", "branch"),
    [
        ({"GITHUB_SHA": COMMIT, "GITHUB_REF_NAME": "main", "GITHUB_REF_TYPE": "branch"}, "main"),
        ({"GITHUB_SHA": COMMIT, "GITHUB_HEAD_REF": "fix/x", "GITHUB_REF_NAME": "7/merge"}, "fix/x"),
        ({"GITHUB_SHA": COMMIT, "GITHUB_REF_NAME": "v1", "GITHUB_REF_TYPE": "tag"}, None),
        ({"GITHUB_SHA": "b" * 40, "GITHUB_REF_NAME": "main"}, None),
        ({"CI_COMMIT_SHA": COMMIT, "CI_COMMIT_REF_NAME": "main"}, "main"),
        ({"CI_COMMIT_REF_NAME": "v1", "CI_COMMIT_TAG": "v1"}, None),
        ({"CI_MERGE_REQUEST_SOURCE_BRANCH_NAME": "fix", "CI_COMMIT_REF_NAME": "x"}, "fix"),
        ({"BUILD_SOURCEBRANCH": "refs/heads/team/x"}, "team/x"),
        ({"BUILD_SOURCEBRANCH": "refs/tags/v1"}, None),
        (
            {
                "SYSTEM_PULLREQUEST_SOURCEBRANCH": "refs/heads/fix",
                "BUILD_SOURCEBRANCH": "refs/pull/1/merge",
            },
            "fix",
        ),
        ({"JENKINS_URL": "http://j", "GIT_BRANCH": "origin/main", "GIT_COMMIT": COMMIT}, "main"),
        ({"JENKINS_URL": "http://j", "CHANGE_BRANCH": "fix", "BRANCH_NAME": "PR-1"}, "fix"),
        ({"BRANCH_NAME": "main"}, None),
        ({"CIRCLE_SHA1": COMMIT, "CIRCLE_BRANCH": "main"}, "main"),
        ({"BITBUCKET_COMMIT": COMMIT, "BITBUCKET_BRANCH": "main"}, "main"),
        ({}, None),
    ],
)
def test_ci_services_name_the_branch_of_the_commit_they_checked_out(
    environment: dict[str, str], branch: str | None
) -> None:
    assert branch_in_ci(COMMIT, environment) == branch


@pytest.mark.parametrize("name", ["main", "feature/x", "it's", 'a"b', "ünïcode"])
def test_the_branch_is_read_from_head(git: Git, name: str) -> None:
    git("checkout", "-q", "-B", name)
    with open_repository(git.path, os.environ) as repository:
        assert current_branch(repository) == name


def test_before_the_first_commit_there_is_a_branch_already(make_git: Callable[..., Git]) -> None:
    git = make_git("unborn", "-b", "trunk")
    with open_repository(git.path, os.environ) as repository:
        assert current_branch(repository) == "trunk"


def test_a_detached_head_has_the_branch_that_ci_names(
    git: Git, monkeypatch: pytest.MonkeyPatch
) -> None:
    git("checkout", "-q", "--detach")
    with open_repository(git.path, os.environ) as repository:
        assert current_branch(repository) is None
        monkeypatch.setenv("GITHUB_REF_NAME", "main")
        monkeypatch.setenv("GITHUB_SHA", git("rev-parse", "HEAD"))
        assert current_branch(repository) == "main"


def test_during_a_rebase_the_branch_is_the_one_being_rebased(git: Git) -> None:
    git("checkout", "-q", "-b", "topic")
    git.commit("topic", **{"app.py": "topic\n"})
    git("checkout", "-q", "main")
    git.commit("main", **{"app.py": "main\n"})
    git("checkout", "-q", "topic")
    assert git.run("rebase", "main", check=False).returncode != 0
    with open_repository(git.path, os.environ) as repository:
        assert current_branch(repository) == "topic"
