"""The variables that the shim sets, and those of the user."""

from __future__ import annotations

import threading

import pytest

from gitver_hooks.handover.environment import (
    MODEL_ID,
    is_disabled,
    recorded_variables,
    set_variables,
    user_environment,
)

URI = "MLFLOW_TRACKING_URI"


def test_variables_set_by_a_shim_do_not_count_as_the_users() -> None:
    environment = {"HOME": "/home/me", URI: "http://theirs"}
    set_variables(environment, {MODEL_ID: "m-1"})
    assert environment[MODEL_ID] == "m-1"
    assert user_environment(environment) == {"HOME": "/home/me", URI: "http://theirs"}


def test_a_variable_that_the_user_changed_since_is_the_users() -> None:
    environment: dict[str, str] = {}
    set_variables(environment, {MODEL_ID: "m-1"})
    environment[MODEL_ID] = "m-2"
    assert user_environment(environment) == {MODEL_ID: "m-2"}
    set_variables(environment, {})
    assert environment == {MODEL_ID: "m-2"}


def test_variables_set_before_are_unset() -> None:
    environment: dict[str, str] = {}
    set_variables(environment, {MODEL_ID: "m-1", URI: "sqlite:///x"})
    set_variables(environment, {URI: "sqlite:///y"})
    assert MODEL_ID not in environment
    assert environment[URI] == "sqlite:///y"
    set_variables(environment, {})
    assert environment == {}


def test_other_threads_never_find_a_wanted_variable_missing() -> None:
    environment: dict[str, str] = {}
    set_variables(environment, {URI: "sqlite:///x"})
    missing = []
    ended = threading.Event()

    def watch() -> None:
        while not ended.is_set():
            if URI not in environment:
                missing.append(1)

    watcher = threading.Thread(target=watch)
    watcher.start()
    for _ in range(2000):
        set_variables(environment, {URI: "sqlite:///x", MODEL_ID: "m-1"})
    ended.set()
    watcher.join()
    assert missing == []


@pytest.mark.parametrize(
    ("value", "disabled"), [(None, False), ("", False), ("0", False), ("1", True), ("no", True)]
)
def test_any_value_but_empty_and_0_disables(value: str | None, disabled: bool) -> None:
    environment = {} if value is None else {"GITVER_DISABLE": value}
    assert is_disabled(environment) is disabled


def test_only_variables_that_affect_the_recording_are_recorded() -> None:
    environment = {"GITVER_APP": "shop", "GITVER_WAIT": "3", "GITVER_DISABLE": "0", "HOME": "/"}
    assert recorded_variables(environment) == "GITVER_APP=shop"
