"""Known models: remembered for each store, and forgotten with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from gitver_hooks.gitfiles.location import Location
from gitver_hooks.handover.store import Experiment, Store
from gitver_hooks.recording import known_models as known
from gitver_hooks.recording.known_models import KnownModels

SERVER = Store("http://localhost:5000", Experiment())


def test_a_model_is_known_in_its_store_and_experiment_alone(location: Location) -> None:
    KnownModels(location, SERVER).put("v", "m-1")
    assert KnownModels(location, SERVER).get("v") == "m-1"
    assert KnownModels(location, SERVER).get("w") is None
    for other in (
        Store("http://localhost:5001", Experiment()),
        Store("http://localhost:5000", Experiment("other")),
    ):
        assert KnownModels(location, other).get("v") is None


def test_a_forgotten_model_is_unknown(location: Location) -> None:
    models = KnownModels(location, SERVER)
    models.put("v", "m-1")
    models.forget("v")
    models.forget("v")
    assert models.get("v") is None


def test_the_models_of_a_deleted_or_replaced_store_are_forgotten(
    location: Location, tmp_path: Path
) -> None:
    path = tmp_path / "mlflow.db"
    path.write_text("one")
    store = Store(f"sqlite:///{path}", Experiment())
    models = KnownModels(location, store)
    models.put("v", "m-1")
    kept = path.rename(tmp_path / "kept.db")
    assert models.get("v") is None
    path.write_text("another")
    assert models.get("v") is None
    models.put("w", "m-2")
    assert (models.get("v"), models.get("w")) == (None, "m-2")
    assert kept.exists()


def test_long_and_unusual_version_ids_work(location: Location) -> None:
    models = KnownModels(location, SERVER)
    versions = [f"{'a' * 40}@{'ü/' * 120}", f"{'a' * 40}@feature/x", "../escape"]
    for position, version in enumerate(versions):
        models.put(version, f"m-{position}")
    assert [models.get(version) for version in versions] == ["m-0", "m-1", "m-2"]


def test_the_oldest_are_forgotten_when_there_are_too_many(
    location: Location, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(known, "_MOST_VERSIONS", 10)
    models = KnownModels(location, SERVER)
    for number in range(40):
        models.put(f"v{number}", f"m-{number}")
        assert models.get(f"v{number}") == f"m-{number}"
    assert models.get("v0") is None


def test_the_apps_of_a_repository_have_models_of_their_own(location: Location) -> None:
    models = KnownModels(location, SERVER)
    models.put("v", "m-1", "shop", "shop-git-12345678")
    models.put("v", "m-2", "search")
    assert (models.get("v", "shop"), models.name("v", "shop")) == ("m-1", "shop-git-12345678")
    assert (models.get("v", "search"), models.name("v", "search")) == ("m-2", "")
    assert models.get("v") is None
