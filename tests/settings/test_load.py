"""Which value takes effect, what the tree may set by itself, and what is refused."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from support.git import Git

from gitver_hooks.common.errors import GitverError
from gitver_hooks.gitfiles.location import find_location
from gitver_hooks.handover.store import Experiment
from gitver_hooks.repository.repository import open_repository
from gitver_hooks.settings import NotAllowed, Settings, load_settings, survey_settings
from gitver_hooks.settings.keys import KEYS
from gitver_hooks.settings.load import Survey

# A value of the tree that is no default, for each key that needs the user's approval.
RESTRICTED = {
    "tracking_uri": "https://mlflow.example.com",
    "experiment": "shop",
    "on_stale": "trust",
    "wait": "3",
    "recheck": "0",
    "keep": "push",
    "keep_limit": "11 MiB",
    "keep_versions": "5",
    "keep_days": "7",
}
FREE = {
    "app": "shop",
    "model_type": "rag",
    "params": "{a: 1}",
    "params_files": "[a.yaml]",
    "paths": "[src/]",
    "untracked": "ignore",
    "remote": "upstream",
    "per_branch": "true",
    "diff": "off",
    "secrets": "['*.local']",
    "keep": "off",
    "keep_limit": "9 MiB",
}


@pytest.fixture
def load(git: Git) -> Callable[..., Settings]:
    """``load(text, **environment)``: the settings with ``text`` in the tree's file."""

    def load(text: str | bytes = "", **environment: str) -> Settings:
        git.write(".gitver.yaml", text)
        with open_repository(git.path, {**os.environ, **environment}) as repository:
            return load_settings(repository)

    return load


@pytest.fixture
def survey(git: Git) -> Callable[[], Survey]:
    def survey() -> Survey:
        with open_repository(git.path, os.environ) as repository:
            return survey_settings(repository)

    return survey


Load = Callable[..., Settings]


def test_every_key_is_either_free_or_restricted_in_these_tests() -> None:
    assert set(KEYS) == set(RESTRICTED) | set(FREE)


def test_an_app_in_a_folder_has_the_settings_in_its_own_file(git: Git) -> None:
    git.write(".gitver.yaml", "app: whole\nmodel_type: rag\n")
    git.write("chat/.gitver.yaml", "app: part\n")
    location = find_location(str(git.path / "chat"), os.environ)
    assert location is not None
    with open_repository(location, os.environ) as repository:
        settings = load_settings(repository)
    assert (settings.app, settings.model_type) == ("part", "agent")
    assert settings.path == str(git.path / "chat" / ".gitver.yaml")


def test_the_defaults_apply_without_a_file_and_with_an_empty_one(git: Git, load: Load) -> None:
    with open_repository(git.path, os.environ) as repository:
        assert load_settings(repository) == Settings()
    assert load("") == Settings()
    assert load("app:\nparams:\nwait:\n") == Settings()


def test_the_first_source_that_sets_a_key_takes_precedence(git: Git, load: Load) -> None:
    tree = "model_type: tree\napp: tree\nremote: tree\nuntracked: ignore\n"
    git("config", "gitver.modelType", "git")
    git("config", "gitver.app", "git")
    git("config", "gitver.remote", "git")
    git("config", "--global", "gitver.remote", "global")
    settings = load(tree, GITVER_APP="variable")
    assert settings.app == "variable"
    assert settings.model_type == settings.remote == "git"
    assert settings.untracked == "ignore"
    sources = {name: str(source) for name, source in settings.sources.items()}
    assert sources == {
        "app": "the environment variable GITVER_APP",
        "model_type": "git config gitver.modelType",
        "remote": "git config gitver.remote",
        "untracked": str(git.path / ".gitver.yaml"),
    }
    assert str(settings.source("wait")) == "the default"


def test_mlflows_own_variables_come_before_all_others(git: Git, load: Load) -> None:
    git("config", "gitver.trackingUri", "http://git.example.com")
    git("config", "gitver.experiment", "git")
    own = {"GITVER_TRACKING_URI": "http://gitver.example.com", "GITVER_EXPERIMENT": "gitver"}
    settings = load("tracking_uri: http://tree.example.com\n")
    assert settings.tracking_uri == "http://git.example.com"
    assert settings.experiment == Experiment("git")
    settings = load("tracking_uri: http://tree.example.com\n", **own)
    assert settings.tracking_uri == "http://gitver.example.com"
    assert settings.experiment == Experiment("gitver")
    mlflow = {"MLFLOW_TRACKING_URI": "http://mlflow.example.com", "MLFLOW_EXPERIMENT_ID": "7"}
    settings = load("tracking_uri: http://tree.example.com\n", **own, **mlflow)
    assert settings.tracking_uri == "http://mlflow.example.com"
    assert settings.experiment == Experiment(id="7")
    settings = load("", MLFLOW_EXPERIMENT_NAME="name", MLFLOW_EXPERIMENT_ID="7")
    assert settings.experiment == Experiment("name")


def test_an_empty_variable_counts_as_unset(git: Git, load: Load) -> None:
    git("config", "gitver.app", "")
    empty = {f"GITVER_{key.upper()}": "" for key in KEYS}
    settings = load("app: shop\n", GITVER_NONSENSE="", MLFLOW_TRACKING_URI="", **empty)
    assert settings == Settings(app="shop")


def test_text_from_variables_and_from_git_is_typed_as_in_yaml(git: Git, load: Load) -> None:
    git("config", "gitver.recheck", "0")
    git("config", "gitver.perBranch", "true")
    git("config", "--add", "gitver.secrets", "*.local")
    git("config", "--add", "gitver.secrets", "private/**")
    settings = load(
        "",
        GITVER_WAIT="2.5",
        GITVER_PARAMS="{b: 2}",
        GITVER_PARAMS_FILES="one.yaml, two.yaml",
        GITVER_DIFF="off",
    )
    assert (settings.recheck, settings.wait, settings.per_branch) == (0, 2.5, True)
    assert settings.secrets == ("*.local", "private/**")
    assert settings.params == {"b": 2}
    assert settings.params_files == ("one.yaml", "two.yaml")
    assert settings.diff == "off"


def test_a_bare_off_is_the_word_and_not_false(load: Load) -> None:
    assert load("diff: off\n").diff == "off"


@pytest.mark.parametrize(("key", "value"), FREE.items())
def test_the_tree_says_what_the_app_is_and_what_restricts(load: Load, key: str, value: str) -> None:
    settings = load(f"{key}: {value}\n")
    assert getattr(settings, key) != getattr(Settings(), key)


@pytest.mark.parametrize(("key", "value"), RESTRICTED.items())
def test_the_tree_alone_cannot_say_where_data_goes_or_how_the_machine_behaves(
    git: Git, load: Load, survey: Callable[[], Survey], key: str, value: str
) -> None:
    with pytest.raises(NotAllowed, match=rf"asks for {key} .*, which is not allowed") as caught:
        load(f"{key}: {value}\n")
    assert "`gitver allow`" in caught.value.remedy
    assert f"`git config {KEYS[key].git_name} VALUE`" in caught.value.remedy
    found = survey()
    assert found.settings == Settings()
    assert [request.key.name for request in found.refused] == [key]
    git("config", "--add", "gitver.allowed", found.refused[0].text)
    assert getattr(load(f"{key}: {value}\n"), key) != getattr(Settings(), key)


def test_approval_binds_the_value_and_not_the_file(git: Git, load: Load) -> None:
    git("config", "--add", "gitver.allowed", "wait=3")
    git("config", "--add", "gitver.allowed", "wait=4")
    assert load("wait: 3\n").wait == 3
    assert load("app: shop\nwait: 4.0\n").wait == 4
    with pytest.raises(NotAllowed, match="asks for wait '5'"):
        load("wait: 5\n")


def test_a_value_of_the_user_needs_no_approval_and_overrides_the_tree(git: Git, load: Load) -> None:
    git("config", "gitver.onStale", "unset")
    settings = load("on_stale: trust\nwait: 3\n", GITVER_WAIT="4")
    assert (settings.on_stale, settings.wait) == ("unset", 4)


def test_a_default_that_the_tree_repeats_needs_no_approval(load: Load) -> None:
    assert load("wait: 10\non_stale: register\n") == Settings()


def test_the_refusal_does_not_offer_a_gitver_command_that_is_missing(
    load: Load, tmp_path: Path
) -> None:
    with pytest.raises(NotAllowed) as caught:
        load("wait: 3\n", PATH=str(tmp_path))
    assert "gitver allow" not in caught.value.remedy
    assert caught.value.remedy.startswith("accept it or set your own value with `git config")


def test_no_credential_of_a_refused_uri_is_shown(load: Load) -> None:
    with pytest.raises(NotAllowed) as caught:
        load("tracking_uri: https://user:s3cret@mlflow.example.com\n")
    assert "s3cret" not in str(caught.value)
    assert "mlflow.example.com" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("trackinguri: x\n", "unknown key 'trackinguri'; did you mean tracking_uri"),
        ("3: x\n", "unknown key 3; did you mean"),
        ("wait: soon\n", "wait in .*'soon'; it must be a number of seconds"),
        ("wait: -1\n", "wait in .*-1; it must be a number of seconds"),
        ("wait: true\n", "it must be a number of seconds"),
        ("wait: .nan\n", "it must be a number of seconds"),
        ("per_branch: 1\n", "it must be true or false"),
        ("untracked: maybe\n", "it must be one of include, ignore"),
        ("on_stale: [a]\n", "it must be one of register, unset, trust, error"),
        ("params: [a]\n", "it must be a mapping"),
        ("params_files: {a: 1}\n", "it must be a list of non-empty strings"),
        ("params_files: ['']\n", "it must be a list of non-empty strings"),
        ("app: ''\n", "it must be a non-empty string"),
        ("app: true\n", "it must be a non-empty string"),
        ('app: "a\\nb"\n', "on one line"),
        ('experiment: "a\\x1b[2J"\n', "it must be the name of an experiment"),
        (f"app: {'x' * 1001}\n", "at most 1000 characters"),
        ("- app\n", "contains a list, not a mapping"),
        ("app: [\n", "is not valid: .* in line 2"),
    ],
)
def test_an_error_names_the_file_and_what_is_allowed(
    load: Load, survey: Callable[[], Survey], text: str, problem: str
) -> None:
    with pytest.raises(GitverError, match=problem) as caught:
        load(text)
    assert ".gitver.yaml" in str(caught.value)
    assert len(str(caught.value)) < 500
    assert [str(found) for found in survey().problems] == [str(caught.value)]


def test_a_wrong_variable_is_named(load: Load) -> None:
    with pytest.raises(GitverError, match="wait in the environment variable GITVER_WAIT is 'soon'"):
        load("", GITVER_WAIT="soon")
    with pytest.raises(GitverError, match="GITVER_WIAT is not a setting; did you mean GITVER_WAIT"):
        load("", GITVER_WIAT="3")


def test_variables_that_are_not_settings_are_accepted(load: Load) -> None:
    assert load("", GITVER_DISABLE="0", GITVER_SHIM="x") == Settings()


def test_a_wrong_key_of_gits_configuration_is_named(git: Git, load: Load) -> None:
    git("config", "gitver.allowed", "wait=3")
    git("config", "gitver.wiat", "3")
    with pytest.raises(GitverError, match=r"git config 'gitver.wiat' .* did you mean gitver.wait"):
        load("")
    git("config", "--unset", "gitver.wiat")
    git("config", "gitver.wait", "soon")
    with pytest.raises(GitverError, match=r"wait in git config gitver\.wait is 'soon'"):
        load("")
