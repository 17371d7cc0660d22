"""Versions that are a part of a tree are found by their content, not by a commit."""

from __future__ import annotations

from support.registering import COMMIT, OpenStore

from gitver_hooks.registry.convergence import name_of
from gitver_hooks.registry.registration import Registration

TREE = "4b825dc6" * 5


def part(store: OpenStore, app: str = "chat", commit: str = COMMIT, **changes: str) -> Registration:
    tags = {
        "gitver.version": f"tree-{TREE}",
        "gitver.tree": TREE,
        "gitver.app": app,
        "mlflow.source.git.commit": commit,
        "mlflow.source.git.dirty": "false",
    }
    return store.registration(
        version=f"tree-{TREE}",
        name=f"{app}-git-{commit[:8]}",
        app=app,
        tags={**tags, **changes},
    )


def test_two_commits_with_the_same_content_have_one_model(store: OpenStore) -> None:
    first = store.find_or_create(part(store))
    again = store.find_or_create(part(store, commit="f" * 40))
    assert again == first
    assert name_of(store.client, first) == f"chat-git-{COMMIT[:8]}"


def test_two_apps_with_the_same_content_have_two_models(store: OpenStore) -> None:
    chat = store.find_or_create(part(store))
    assert store.find_or_create(part(store, "search")) != chat
    assert store.find_or_create(part(store)) == chat


def test_models_of_whole_commits_are_not_adopted(store: OpenStore) -> None:
    tags = {"mlflow.source.git.commit": COMMIT, "mlflow.source.git.dirty": "false"}
    named = store.model(f"chat-git-{COMMIT[:8]}", tags, status="READY")
    tagged = store.model("random-name", tags)
    assert store.find_or_create(part(store)) not in (named, tagged)
