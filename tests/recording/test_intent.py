"""What recording leaves behind before anything is delivered; nothing here contacts MLflow."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from support.background import wait_until
from support.git import Git
from support.keeping import kept, kept_refs, logged

from gitver_hooks.common.errors import GitverError
from gitver_hooks.common.locks import FileLock
from gitver_hooks.gitfiles.location import Location, find_location
from gitver_hooks.handover.active_state import ActiveState, read_state, write_state
from gitver_hooks.handover.store import Experiment, Store
from gitver_hooks.keeping.captured import captured_paths
from gitver_hooks.keeping.keep import keep_captured
from gitver_hooks.keeping.kept_refs import all_kept, delete_kept
from gitver_hooks.recording import record as recording
from gitver_hooks.recording.known_models import KnownModels
from gitver_hooks.recording.outbox import Outbox
from gitver_hooks.recording.record import (
    Recorded,
    record,
    record_before_change,
    record_if_known,
    write_if_waiting,
)
from gitver_hooks.registry.registration import Registration
from gitver_hooks.repository.repository import open_repository

MODEL = "m-" + "1" * 32
STORE = Store("http://127.0.0.1:9", Experiment("shop"))


@pytest.fixture
def location(git: Git) -> Location:
    git("config", "gitver.wait", "3")
    found = find_location(str(git.path), os.environ)
    assert found is not None
    return found


@pytest.fixture
def environment() -> dict[str, str]:
    chosen = {"MLFLOW_TRACKING_URI": STORE.tracking_uri, "MLFLOW_EXPERIMENT_NAME": "shop"}
    return {**os.environ, **chosen}


def active(location: Location) -> str | None:
    path = Path(location.active_model_file)
    return path.read_text() if path.exists() else None


def state_of(location: Location) -> tuple[str, str] | None:
    state = read_state(location)
    return (state.version, state.model_id) if state else None


def waiting(location: Location) -> list[Registration]:
    return [entry.registration for entry in Outbox(location).waiting()]


def know(location: Location, version: str) -> None:
    KnownModels(location, STORE).put(version, MODEL)


def test_an_unknown_version_waits_in_the_outbox(
    git: Git, location: Location, environment: dict[str, str]
) -> None:
    commit = git("rev-parse", "HEAD")
    recorded = record(location, environment)
    assert recorded.version.id == commit
    assert recorded.model_name == f"app-git-{commit[:8]}"
    assert (recorded.model_id, recorded.store, recorded.wait) == (None, STORE, 3.0)
    assert recorded.registration is not None
    assert recorded.registration.version == commit
    assert recorded.registration.name == recorded.model_name
    assert recorded.registration.store == STORE
    assert recorded.registration.tags["gitver.version"] == commit
    assert waiting(location) == [recorded.registration]
    assert active(location) is None
    assert state_of(location) == (commit, "")


def test_a_known_version_is_written_to_the_file_at_once(
    git: Git, location: Location, environment: dict[str, str]
) -> None:
    commit = git("rev-parse", "HEAD")
    know(location, commit)
    for function in (record, record_if_known):
        Path(location.active_model_file).unlink(missing_ok=True)
        recorded = function(location, environment)
        assert (recorded.model_id, recorded.registration) == (MODEL, None)
        assert active(location) == f"{MODEL}\n"
        assert state_of(location) == (commit, MODEL)
    assert waiting(location) == []


def test_nothing_is_registered_if_only_known_models_count(
    git: Git, location: Location, environment: dict[str, str]
) -> None:
    git.write(".mlflow-active-model", "m-other\n")
    recorded = record_if_known(location, environment)
    commit = git("rev-parse", "HEAD")
    assert (recorded.version.id, recorded.model_id, recorded.registration) == (commit, None, None)
    assert waiting(location) == []
    assert active(location) is None
    assert state_of(location) == (commit, "")


def test_a_worktree_that_is_about_to_change_has_neither_file_nor_state(
    git: Git, location: Location, environment: dict[str, str]
) -> None:
    record(location, environment)
    Outbox(location).discard()
    git.write(".mlflow-active-model", f"{MODEL}\n")
    recorded = record_before_change(location, environment)
    assert (recorded.app, recorded.hint) == ("", "")
    assert waiting(location) == [recorded.registration]
    assert active(location) is None
    assert state_of(location) is None
    Outbox(location).discard()
    know(location, git("rev-parse", "HEAD"))
    recorded = record_before_change(location, environment)
    assert (recorded.model_id, recorded.registration) == (MODEL, None)
    assert waiting(location) == []
    assert active(location) is None


@pytest.mark.parametrize("function", [record, record_if_known, record_before_change])
def test_the_wait_for_another_gitver_is_the_callers_choice(
    location: Location, environment: dict[str, str], function: object
) -> None:
    assert callable(function)
    with FileLock(f"{location.state_dir}/lock"), pytest.raises(GitverError, match=r"for 0\.1 s"):
        function(location, environment, 0.1)


def test_a_worktree_that_waits_for_the_registration_gets_its_file(
    git: Git, location: Location, environment: dict[str, str]
) -> None:
    registration = record(location, environment).registration
    assert registration is not None
    write_if_waiting(location, environment, registration)
    assert active(location) is None
    know(location, registration.version)
    write_if_waiting(location, environment, registration)
    assert active(location) == f"{MODEL}\n"
    assert state_of(location) == (registration.version, MODEL)


def test_a_worktree_that_changed_while_it_waited_is_left_to_its_next_hook(
    git: Git, location: Location, environment: dict[str, str]
) -> None:
    registration = record(location, environment).registration
    assert registration is not None
    know(location, registration.version)
    git.write("app.py", "changed\n")
    write_if_waiting(location, environment, registration)
    assert active(location) is None
    assert state_of(location) == (registration.version, "")


def test_a_worktree_that_does_not_wait_is_not_even_read(
    git: Git, location: Location, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    registration = record(location, environment).registration
    state = read_state(location)
    assert registration is not None
    assert state is not None
    monkeypatch.setattr(recording, "LOCK_SECONDS", 0.0)
    # Whoever reads the worktree needs its lock.
    with FileLock(f"{location.state_dir}/lock"):
        with pytest.raises(GitverError, match="another gitver"):
            write_if_waiting(location, environment, registration)
        for other in (
            {"version": "f" * 40},
            {"model_id": MODEL},
            {"app": "another"},
            {"tracking_uri": "http://127.0.0.1:8"},
            {"experiment": "name:other"},
        ):
            values = {name: getattr(state, name) for name in ActiveState.FIELDS}
            write_state(location, ActiveState(**{**values, **other}))
            write_if_waiting(location, environment, registration)
        Path(location.state_dir, "active").unlink()
        write_if_waiting(location, environment, registration)
    assert active(location) is None


def test_the_code_of_a_dirty_version_is_set_aside(
    git: Git, location: Location, environment: dict[str, str]
) -> None:
    git.write("app.py", "changed\n")
    recorded = record(location, environment)
    keep_captured(location, environment)
    found = kept(git, recorded.version)
    assert found.version == recorded.version.id
    assert found.model_name == recorded.model_name


@pytest.mark.parametrize("function", [record, record_if_known, record_before_change])
def test_a_repository_that_is_open_already_is_used(
    location: Location, environment: dict[str, str], function: Callable[..., Recorded]
) -> None:
    with open_repository(location, {**environment, "GITVER_WAIT": "7"}) as opened:
        assert function(location, environment, opened=opened).wait == 7.0
    assert function(location, environment).wait == 3.0


def prune_a_known_version(git: Git, location: Location, environment: dict[str, str]) -> str:
    """Delete the kept code of the version in the worktree; the name of its ref."""
    know(location, record(location, environment).version.id)
    keep_captured(location, environment)
    (ref,) = kept_refs(git)
    with open_repository(location, environment) as repository:
        assert delete_kept(repository, all_kept(repository)[0])
    assert kept_refs(git) == []
    return ref


def test_the_code_of_a_known_version_is_kept_again_if_it_was_pruned(
    git: Git, location: Location, environment: dict[str, str]
) -> None:
    git.write("app.py", "changed\n")
    ref = prune_a_known_version(git, location, environment)
    assert record(location, environment).model_id == MODEL
    wait_until(lambda: kept_refs(git) == [ref] and not captured_paths(location))
    record(location, environment)
    assert captured_paths(location) == [], "it is kept already"


def test_code_that_cannot_be_kept_now_waits_and_a_line_in_the_log_says_so(
    git: Git, location: Location, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    git.write("app.py", "changed\n")
    ref = prune_a_known_version(git, location, environment)

    def start_keeper(*_: object) -> None:
        raise OSError("no more processes")

    monkeypatch.setattr("gitver_hooks.handover.launch.start_keeper", start_keeper)
    assert record(location, environment).model_id == MODEL
    assert len(captured_paths(location)) == 1
    assert "code cannot be kept now: no more processes" in logged(git)
    keep_captured(location, environment)
    assert kept_refs(git) == [ref]


def test_a_known_commit_is_not_set_aside(
    git: Git, location: Location, environment: dict[str, str]
) -> None:
    know(location, git("rev-parse", "HEAD"))
    record(location, environment)
    assert captured_paths(location) == []


@pytest.mark.parametrize("function", [record, record_if_known])
def test_the_guard_against_floods_counts_runs_only(
    git: Git, location: Location, environment: dict[str, str], function: Callable[..., Recorded]
) -> None:
    def run(**options: bool) -> str:
        with open(git.path / "app.log", "a", encoding="utf-8") as file:
            file.write("ran\n")
        return function(location, environment, **options).hint

    assert [run() for _ in range(4)] == ["", "", "", ""]
    assert any("/app.log" in run(is_run=True) for _ in range(3))
