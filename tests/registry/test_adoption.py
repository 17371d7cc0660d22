"""Clean versions adopt the LoggedModels that MLflow's own mechanisms created for them."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from support.git import Git
from support.registering import COMMIT, NAME, CountingClient, OpenStore, run_python

from gitver_hooks.registry.convergence import is_live
from gitver_hooks.registry.registration import Registration

REMOTE = "https://git.example/app.git"
GIT_TAGS = {
    "mlflow.source.git.commit": COMMIT,
    "mlflow.source.git.branch": "main",
    "mlflow.source.git.dirty": "false",
    "mlflow.source.git.repoURL": REMOTE,
}
SNIPPET = """
import subprocess, mlflow
commit = subprocess.check_output(["git", "rev-parse", "HEAD"], text=True).strip()
print(mlflow.set_active_model(name=f"app-git-{commit[:8]}").model_id)
"""
GIT_VERSIONING = """
import mlflow
print(mlflow.genai.enable_git_model_versioning().active_model.model_id)
"""


def clean(store: OpenStore, **changes: Any) -> Registration:
    """The registration of a clean version."""
    tags = {"gitver.version": COMMIT, "mlflow.source.name": "0a1b2c3d First", **GIT_TAGS}
    return store.registration(**{"tags": tags, **changes})


def of_head(store: OpenStore, git: Git, **tags: str) -> Registration:
    """The registration of a real repository's clean HEAD."""
    commit = git("rev-parse", "HEAD")
    tags = {**GIT_TAGS, "mlflow.source.git.commit": commit, "gitver.version": commit, **tags}
    return store.registration(version=commit, name=f"app-git-{commit[:8]}", tags=tags)


# With the real calls -----------------------------------------------------------------------------


@pytest.fixture
def repository(git: Git) -> Git:
    git("remote", "add", "origin", REMOTE)
    return git


@pytest.mark.parametrize("program", [SNIPPET, GIT_VERSIONING], ids=["snippet", "git versioning"])
def test_a_model_that_mlflow_created_first_is_adopted_and_stays_the_one_mlflow_finds(
    program: str, embedded_store: OpenStore, repository: Git
) -> None:
    def found_by_mlflow() -> str:
        return run_python(repository.path, embedded_store.uri, program).splitlines()[-1]

    by_mlflow = found_by_mlflow()
    registration = of_head(embedded_store, repository)
    assert embedded_store.find_or_create(registration) == by_mlflow
    assert embedded_store.live(registration.version) == {by_mlflow: "READY"}
    assert found_by_mlflow() == by_mlflow
    assert embedded_store.find_or_create(registration) == by_mlflow
    assert len(embedded_store.client.search_logged_models([embedded_store.experiment])) == 1


@pytest.mark.parametrize("program", [SNIPPET, GIT_VERSIONING], ids=["snippet", "git versioning"])
def test_a_model_that_gitver_created_first_is_the_one_mlflow_finds(
    program: str, embedded_store: OpenStore, repository: Git
) -> None:
    registration = of_head(embedded_store, repository)
    ours = embedded_store.find_or_create(registration)
    found = run_python(repository.path, embedded_store.uri, program).splitlines()
    assert found[-1] == ours
    assert embedded_store.find_or_create(registration) == ours


def test_git_versioning_of_another_edit_leaves_our_diff_intact(
    embedded_store: OpenStore, repository: Git
) -> None:
    repository.write("app.py", "print('first edit')\n")
    registration = of_head(
        embedded_store,
        repository,
        **{"mlflow.source.git.dirty": "true", "gitver.diff": "+print('first edit')\n"},
    )
    ours = embedded_store.find_or_create(registration)
    repository.write("app.py", "print('second edit')\n")
    taken = run_python(repository.path, embedded_store.uri, GIT_VERSIONING).splitlines()[-1]
    assert taken == ours
    tags = embedded_store.client.get_logged_model(ours).tags
    assert "second edit" in tags["mlflow.source.git.diff"]
    assert tags["gitver.diff"] == "+print('first edit')\n"


# Which models are adopted ------------------------------------------------------------------------


def test_adopting_adds_our_tags_and_keeps_those_of_the_app(store: OpenStore) -> None:
    theirs = {"team": "blue", "mlflow.user": "ada"}
    of_the_script = {"mlflow.source.name": "app.py", "mlflow.source.git.commit": "f" * 40}
    adopted = store.model(NAME, {**theirs, **of_the_script}, {"temperature": "0.2"}, "READY")
    registration = clean(store, params={"gitver.params.temperature": "0.3"})
    assert store.find_or_create(registration) == adopted
    model = store.client.get_logged_model(adopted)
    assert model.tags == {**theirs, **registration.tags}
    assert model.params["temperature"] == "0.2"
    assert model.params["gitver.params.temperature"] == "0.3"


@pytest.mark.parametrize("older", ["snippet", "git versioning"])
def test_the_oldest_is_adopted_and_the_other_left_alone(store: OpenStore, older: str) -> None:
    makers: dict[str, Callable[[], str]] = {
        "snippet": lambda: store.model(NAME, {}, status="READY"),
        "git versioning": lambda: store.model("keen-owl-7", GIT_TAGS),
    }
    first = makers.pop(older)()
    (make_second,) = makers.values()
    second = make_second()
    before = store.client.get_logged_model(second)
    assert store.find_or_create(clean(store)) == first
    after = store.client.get_logged_model(second)
    assert (after.tags, after.params, after.status) == (before.tags, before.params, before.status)
    assert store.find_or_create(clean(store)) == first


@pytest.mark.parametrize(
    ("name", "tags", "status"),
    [
        ("keen-owl-7", {}, "READY"),
        ("keen-owl-7", {**GIT_TAGS, "mlflow.source.git.commit": "f" * 40}, "READY"),
        ("keen-owl-7", {**GIT_TAGS, "mlflow.source.git.dirty": "true"}, "READY"),
        ("keen-owl-7", GIT_TAGS, "FAILED"),
        (NAME, {"mlflow.source.git.dirty": "true"}, "READY"),
        (NAME, {"gitver.version": "f" * 40}, "READY"),
        ("other-app-git-0a1b2c3d", {**GIT_TAGS, "gitver.version": COMMIT}, "READY"),
    ],
)
def test_a_model_of_another_version_or_app_is_not_adopted(
    embedded_store: OpenStore, name: str, tags: dict[str, str], status: str
) -> None:
    other = embedded_store.model(name, tags, status=status)
    before = embedded_store.client.get_logged_model(other)
    assert embedded_store.find_or_create(clean(embedded_store)) != other
    after = embedded_store.client.get_logged_model(other)
    assert (after.tags, after.params) == (before.tags, before.params)


def test_a_dirty_version_adopts_nothing(embedded_store: OpenStore) -> None:
    tags = {**GIT_TAGS, "mlflow.source.git.dirty": "true"}
    registration = clean(embedded_store, tags=tags, version=f"{COMMIT[:32]}-dirty-89abcdef")
    others = {
        embedded_store.model(registration.name, {}, status="READY"),
        embedded_store.model("keen-owl-7", tags),
    }
    assert embedded_store.find_or_create(registration) not in others


def test_clones_with_another_branch_or_remote_agree_on_the_adopted_model(
    embedded_store: OpenStore,
) -> None:
    adopted = embedded_store.model("keen-owl-7", GIT_TAGS)
    tags = {**GIT_TAGS, "mlflow.source.git.branch": "topic", "mlflow.source.git.repoURL": "x"}
    assert embedded_store.find_or_create(clean(embedded_store, tags=tags)) == adopted
    assert embedded_store.find_or_create(clean(embedded_store)) == adopted
    # MLflow goes on finding it by the tags that it gave it.
    kept = embedded_store.client.get_logged_model(adopted).tags
    assert GIT_TAGS.items() <= kept.items()


def test_a_version_per_branch_adopts_only_a_model_of_its_branch(
    embedded_store: OpenStore,
) -> None:
    adopted = embedded_store.model("keen-owl-7", GIT_TAGS)
    topic = clean(embedded_store, version=f"{COMMIT}@topic")
    main = clean(embedded_store, version=f"{COMMIT}@main")
    assert embedded_store.find_or_create(topic) != adopted
    assert embedded_store.find_or_create(main) == adopted


def test_one_model_is_adopted_for_one_app_only(embedded_store: OpenStore) -> None:
    adopted = embedded_store.model("keen-owl-7", GIT_TAGS)
    other_app = clean(embedded_store, name="other-git-0a1b2c3d")
    assert embedded_store.find_or_create(clean(embedded_store)) == adopted
    others = embedded_store.find_or_create(other_app)
    assert others != adopted
    assert embedded_store.find_or_create(other_app) == others
    assert embedded_store.find_or_create(clean(embedded_store)) == adopted


# From where another registrar was killed ---------------------------------------------------------


@pytest.mark.parametrize("status", ["READY", None], ids=["ready", "pending"])
def test_an_adoption_that_was_interrupted_after_the_claim_is_completed(
    store: OpenStore, status: str | None
) -> None:
    claim = {"gitver.fate": f"ready: {NAME} {COMMIT}"}
    adopted = store.model("keen-owl-7", GIT_TAGS, claim, status)
    assert store.find_or_create(clean(store)) == adopted
    assert store.live() == {adopted: "READY"}


def test_a_model_of_ours_that_is_chosen_wins_over_an_older_one_to_be_adopted(
    store: OpenStore,
) -> None:
    theirs = store.model("keen-owl-7", GIT_TAGS)
    ours = store.candidate("ready")
    assert store.find_or_create(clean(store)) == ours
    assert store.find_or_create(clean(store)) == ours
    assert "gitver.version" not in store.client.get_logged_model(theirs).tags


def test_a_model_that_appears_after_ours_is_settled_changes_nothing(store: OpenStore) -> None:
    ours = store.find_or_create(clean(store))
    theirs = store.model("keen-owl-7", GIT_TAGS)
    store.model(NAME, {}, status="READY")
    assert store.find_or_create(clean(store)) == ours
    assert store.client.get_logged_model(theirs).params == {}


def test_cleaning_up_never_removes_a_model_that_gitver_did_not_create(
    store: OpenStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    adopted = store.model("keen-owl-7", GIT_TAGS)
    by_hand = store.model(NAME, {}, status="READY")
    abandoned = store.candidate()
    now = time.time
    monkeypatch.setattr(time, "time", lambda: now() + 3600)
    assert store.find_or_create(clean(store)) == adopted
    assert is_live(store.client, by_hand)
    assert abandoned not in store.live()


# What it costs -----------------------------------------------------------------------------------


def test_a_known_version_costs_one_search(store: OpenStore) -> None:
    model_id = store.find_or_create(clean(store))
    counting = CountingClient(store.client)
    store.client = counting
    assert store.find_or_create(clean(store)) == model_id
    assert counting.calls == ["search_logged_models"]


def test_a_model_adopted_by_name_costs_one_search_from_then_on(store: OpenStore) -> None:
    adopted = store.model(NAME, {}, status="READY")
    assert store.find_or_create(clean(store)) == adopted
    counting = CountingClient(store.client)
    store.client = counting
    assert store.find_or_create(clean(store)) == adopted
    assert counting.calls == ["search_logged_models"]
