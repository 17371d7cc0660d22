"""The LoggedModel's name: what MLflow's guide builds, in characters that MLflow takes."""

from __future__ import annotations

import os

import pytest
from support.git import Git

from gitver_hooks.repository.repository import open_repository
from gitver_hooks.settings import Settings
from gitver_hooks.version.model_name import app_name, model_name
from gitver_hooks.version.version import Version

COMMIT = "0123456789abcdef" * 2 + "01234567"
DIGEST = "89abcdef" * 8


def version(version_id: str, commit: str | None = COMMIT, dirty: bool = False) -> Version:
    return Version(version_id, commit, "main", dirty, DIGEST, "t" * 40, None)


def test_the_name_is_app_commit_and_digest() -> None:
    assert model_name("shop", version(COMMIT)) == "shop-git-01234567"
    dirty = version(f"{COMMIT[:32]}-dirty-89abcdef", dirty=True)
    assert model_name("shop", dirty) == "shop-git-01234567-dirty-89abcdef"
    on_branch = version(f"{COMMIT[:32]}-dirty-89abcdef@a-dirty-b", dirty=True)
    assert model_name("shop", on_branch) == "shop-git-01234567-dirty-89abcdef"
    unborn = version("unborn-dirty-89abcdef", commit=None, dirty=True)
    assert model_name("shop", unborn) == "shop-git-unborn-dirty-89abcdef"


@pytest.mark.parametrize("app", ["a/b", "a:b", "a.b", "a%b", 'a"b', "a'b", "a b", "a\nb"])
def test_characters_that_mlflow_refuses_become_dashes(app: str) -> None:
    assert model_name(app, version(COMMIT)) == "a-b-git-01234567"


def test_a_name_is_never_too_long_for_a_store() -> None:
    assert len(model_name("x" * 5000, version(f"{COMMIT[:32]}-dirty-89abcdef", dirty=True))) < 500


def test_the_app_is_the_setting_then_the_remote_then_the_folder(git: Git) -> None:
    with open_repository(git.path, os.environ) as repository:
        assert app_name(repository, Settings(app="set"), "https://example.com/shop.git") == "set"
        assert app_name(repository, Settings(), "https://example.com/shop.git") == "shop"
        assert app_name(repository, Settings(), None) == "app"
