"""What each source of settings says, and the whole message for each mistake in it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from support.git import Git

from gitver_hooks.common.errors import GitverError
from gitver_hooks.handover.store import Experiment
from gitver_hooks.repository.repository import open_repository
from gitver_hooks.settings import NotAllowed, load_settings, survey_settings
from gitver_hooks.settings.keys import KEYS, Source
from gitver_hooks.settings.sources import (
    Findings,
    from_git_config,
    from_gitver_variables,
    from_mlflow_variables,
    from_tree,
    read_mapping,
    shown,
    shown_value,
)

NAMES = ", ".join(KEYS)
VARIABLES = ", ".join(key.variable for key in KEYS.values())
GIT_NAMES = ", ".join(key.git_name for key in KEYS.values())


def read(findings: Findings) -> list[object]:
    """Each finding as name, value and source, or as its message."""
    return [
        str(each) if isinstance(each, GitverError) else (each.key.name, each.value, each.source)
        for each in findings
    ]


def in_git(git: Git) -> list[object]:
    with open_repository(git.path, os.environ) as repository:
        return read(from_git_config(repository.configuration))


def test_mlflows_variables_choose_the_store_and_the_experiment() -> None:
    uri = ("tracking_uri", "http://localhost:5000", Source("mlflow", "MLFLOW_TRACKING_URI"))
    named = {"MLFLOW_TRACKING_URI": "http://localhost:5000", "MLFLOW_EXPERIMENT_NAME": "shop"}
    assert read(from_mlflow_variables({})) == []
    assert read(from_mlflow_variables(named)) == [
        uri,
        ("experiment", Experiment("shop"), Source("mlflow", "MLFLOW_EXPERIMENT_NAME")),
    ]
    assert read(from_mlflow_variables({"MLFLOW_EXPERIMENT_ID": "7"})) == [
        ("experiment", Experiment(id="7"), Source("mlflow", "MLFLOW_EXPERIMENT_ID"))
    ]


def test_our_own_variables_set_keys() -> None:
    environment = {
        "PATH": "/bin",
        "GITVER_DISABLE": "1",
        "GITVER_SHIM": "x",
        "GITVER_APP": "",
        "GITVER_WAIT": "3",
        "GITVER_NOTHING": "",
        "GITVER_PARAMS_FILES": "a, b",
    }
    assert read(from_gitver_variables(environment)) == [
        ("wait", 3.0, Source("variable", "GITVER_WAIT")),
        ("params_files", ("a", "b"), Source("variable", "GITVER_PARAMS_FILES")),
    ]


def test_wrong_variables_are_all_named() -> None:
    environment = {
        "GITVER_WAIT": "[",
        "GITVER_WIAT": "3",
        "GITVER_DIFF": "3",
        "GITVER_RECHECK": "0",
    }
    source = Source("variable", "GITVER_RECHECK")
    assert read(from_gitver_variables(environment)) == [
        "wait in the environment variable GITVER_WAIT is not valid: did not find expected node "
        "content in line 2; correct it",
        "the environment variable GITVER_WIAT is not a setting; did you mean GITVER_WAIT? allowed "
        f"are {VARIABLES}",
        "diff in the environment variable GITVER_DIFF is '3'; it must be one of tag, off",
        ("recheck", 0.0, source),
    ]


def test_gits_configuration_sets_keys(git: Git) -> None:
    for name, value in (
        ("allowed", "wait=3"),
        ("modelType", "first"),
        ("modelType", "second"),
        ("modelType", "last"),
        ("secrets", "a, b"),
        ("secrets", "c"),
        ("app", ""),
        ("nothing", ""),
        ("onstale", "trust"),
    ):
        git("config", "--add", f"gitver.{name}", value)
    git("config", "gitver.sub.section", "not ours")
    assert in_git(git) == [
        ("model_type", "last", Source("git config", "gitver.modelType")),
        ("secrets", ("a", "b", "c"), Source("git config", "gitver.secrets")),
        ("on_stale", "trust", Source("git config", "gitver.onStale")),
    ]


def test_wrong_keys_of_gits_configuration_are_all_named(git: Git) -> None:
    git("config", "gitver.wiat", "3")
    git("config", "gitver.wait", "soon")
    git("config", "gitver.onStale", "x")
    with (git.path / ".git" / "config").open("ab") as file:
        file.write(b"[gitver]\n\tapp = \xff\n")
    assert in_git(git) == [
        "git config 'gitver.wiat' is not a setting; did you mean gitver.wait? allowed are "
        f"{GIT_NAMES}",
        "wait in git config gitver.wait is 'soon'; it must be a number of seconds from 0 to 86400",
        "on_stale in git config gitver.onStale is 'x'; it must be one of register, unset, trust, "
        "error",
        ("app", "\\xff", Source("git config", "gitver.app")),
    ]


def test_the_tree_sets_keys_and_what_is_wrong_is_named() -> None:
    text = b"trackinguri: x\napp: shop\nremote:\n3: x\nMODEL_TYPE: x\nparams: 3\ndiff: [tag]\n"
    assert read(from_tree(text, "f.yaml")) == [
        f"f.yaml has the unknown key 'trackinguri'; did you mean tracking_uri? allowed are {NAMES}",
        ("app", "shop", Source("tree", "f.yaml")),
        f"f.yaml has the unknown key 3; did you mean {nearest(read(from_tree(b'3: x', 'f')))}? "
        f"allowed are {NAMES}",
        f"f.yaml has the unknown key 'MODEL_TYPE'; did you mean model_type? allowed are {NAMES}",
        "params in f.yaml is 3; it must be a mapping",
        "diff in f.yaml is ['tag']; it must be one of tag, off",
    ]
    assert read(from_tree(b"[\n", "f.yaml")) == [
        "f.yaml is not valid: did not find expected node content in line 2; correct it"
    ]
    assert read(from_tree(None, "f.yaml")) == []


def nearest(messages: list[object]) -> str:
    """The key that a message suggests; any will do for a key that resembles none."""
    (message,) = messages
    return str(message).partition("did you mean ")[2].partition("?")[0]


def test_a_value_that_needs_an_explanation_gets_one() -> None:
    (message,) = read(from_tree(b"tracking_uri: nonsense://x\n", "f.yaml"))
    assert str(message).startswith(
        "tracking_uri in f.yaml: the tracking URI nonsense://x cannot be used: "
    )
    assert "; use http(s)://host:port" in str(message)


def test_a_mapping_is_read_and_anything_else_refused() -> None:
    assert read_mapping(None, "f") == read_mapping(b"", "f") == read_mapping(b"# a\n", "f") == {}
    assert read_mapping(b"a: 1\n", "f") == {"a": 1}
    with pytest.raises(GitverError) as caught:
        read_mapping(b"text", "f.yaml")
    assert str(caught.value) == (
        "f.yaml contains a str, not a mapping; write it as `key: value` lines"
    )


def test_values_in_messages_are_short_and_without_credentials() -> None:
    assert shown("x" * 78) == f"'{'x' * 78}'"
    assert shown("x" * 79) == f"'{'x' * 76}…"
    assert shown("https://user:s3cret@host/") == "'https://***@host/'"
    assert shown_value(KEYS["wait"], 3.0) == "3"
    assert "s3cret" not in shown_value(KEYS["tracking_uri"], "https://u:s3cret@host/")


@pytest.mark.parametrize("offered", [True, False])
def test_the_whole_refusal(git: Git, tmp_path: Path, offered: bool) -> None:
    command = tmp_path / "bin" / "gitver"
    command.parent.mkdir()
    command.write_text("#!/bin/sh\n")
    command.chmod(0o755 if offered else 0o644)
    git.write(".gitver.yaml", "wait: 3\nexperiment: shop\n")
    remedy = "accept with `gitver allow`, or set" if offered else "accept it or set"
    assert refusal(git, PATH=f"/nowhere:{command.parent}") == (
        ".gitver.yaml asks for wait '3', experiment 'shop', which is not allowed in this clone, so "
        f"nothing is recorded; {remedy} your own value with `git config gitver.wait VALUE`"
    )


def test_the_command_in_pre_commits_environment_is_not_offered(
    git: Git, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """pre-commit puts its environment on PATH for the hook alone."""
    git.write(".gitver.yaml", "wait: 3\n")
    for name in ("py_env-python3", "venv"):
        command = tmp_path / name / "bin" / "gitver"
        command.parent.mkdir(parents=True)
        command.write_text("#!/bin/sh\n")
        command.chmod(0o755)
    own, others = str(tmp_path / "py_env-python3" / "bin"), str(tmp_path / "venv" / "bin")
    monkeypatch.setattr("sys.prefix", str(tmp_path / "py_env-python3"))
    assert "gitver allow" not in refusal(git, PATH=own)
    assert "gitver allow" not in refusal(git, PATH=f"/nowhere:{own}/../bin")
    assert "gitver allow" in refusal(git, PATH=f"{own}:{others}")
    monkeypatch.setattr("sys.prefix", str(tmp_path / "venv"))
    assert "gitver allow" in refusal(git, PATH=others)


def test_without_path_the_systems_own_folders_count(git: Git) -> None:
    git.write(".gitver.yaml", "wait: 3\n")
    with open_repository(git.path, {}) as repository, pytest.raises(NotAllowed) as caught:
        load_settings(repository)
    assert "gitver allow" not in str(caught.value)


def refusal(git: Git, **environment: str) -> str:
    with (
        open_repository(git.path, {**os.environ, **environment}) as repository,
        pytest.raises(NotAllowed) as caught,
    ):
        load_settings(repository)
    return str(caught.value)


def test_approvals_of_the_clone_count_as_they_are_written(git: Git) -> None:
    git.write(".gitver.yaml", "wait: 3\nexperiment: shop\n")
    with (git.path / ".git" / "config").open("ab") as file:
        file.write(b"[gitver]\n\tallowed = \xff\n\tallowed = wait=3\n")
    with open_repository(git.path, os.environ) as repository:
        survey = survey_settings(repository)
    assert [(request.text, request.is_allowed) for request in survey.requests] == [
        ("wait=3", True),
        ("experiment=shop", False),
    ]
    assert survey.settings.wait == 3
    assert survey.settings.experiment is None
    assert survey.settings.path == str(git.path / ".gitver.yaml")
    assert survey.settings.text == b"wait: 3\nexperiment: shop\n"
    assert survey.settings.source("wait") == Source("tree", survey.settings.path)
    assert survey.settings.source("app") == Source("default")


def test_a_settings_file_that_must_not_be_read_is_a_problem_among_others(git: Git) -> None:
    (git.path / ".gitver.yaml").mkdir()
    git("config", "gitver.app", "shop")
    git("config", "gitver.wait", "soon")
    with open_repository(git.path, os.environ) as repository:
        survey = survey_settings(repository)
    assert [str(problem) for problem in survey.problems] == [
        f"'{git.path}/.gitver.yaml' is not a regular file; replace it with one",
        "wait in git config gitver.wait is 'soon'; it must be a number of seconds from 0 to 86400",
    ]
    assert (survey.settings.app, survey.settings.text) == ("shop", None)
