"""The limits on kept versions: unused ones go first, and used ones only if there are too many."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence

import pytest
from support.git import Git
from support.keeping import keep_version, kept_refs, location_of, logged, ref_of

from gitver_hooks.handover.store import Experiment, Store
from gitver_hooks.keeping.kept_refs import KeptRef, all_kept, note_used
from gitver_hooks.keeping.kept_version import KeptVersion
from gitver_hooks.pruning.automatic import TooManyQuestions, beyond_limits, prune_automatically
from gitver_hooks.recording.outbox import Outbox
from gitver_hooks.registry.registration import Registration
from gitver_hooks.repository.repository import open_repository
from gitver_hooks.settings import Settings

DAY = 86_400.0
MANY_DAYS = 1000


def refs(*ages: float) -> list[KeptRef]:
    """Kept versions that were recorded that many days ago; their names are these numbers."""
    found = []
    for age in ages:
        kept = KeptVersion(f"{age:g}", None, "0" * 40, "0" * 40, "app")
        found.append(KeptRef(kept, f"refs/gitver/{age:g}", "1" * 40, age * DAY))
    return found


def used_if(*versions: str) -> Callable[[KeptRef], bool]:
    return lambda ref: ref.kept.version in versions


def removed(
    found: Sequence[KeptRef], is_used: Callable[[KeptRef], bool], *, most: int, days: int
) -> list[str]:
    settings = Settings(keep_versions=most, keep_days=days)
    return [ref.kept.version for ref in beyond_limits(found, settings, is_used)]


@pytest.mark.parametrize(
    ("used", "most", "days", "gone"),
    [
        ((), 5, MANY_DAYS, []),
        ((), 3, MANY_DAYS, ["9", "7"]),
        (("9",), 3, MANY_DAYS, ["7", "5"]),
        (("9", "7", "5", "3", "1"), 3, MANY_DAYS, ["9", "7"]),
        (("9", "7", "3", "1"), 3, MANY_DAYS, ["5", "9"]),
        ((), 5, 5, ["9", "7"]),
        (("9",), 5, 5, ["7"]),
        (("9", "7", "5", "3", "1"), 5, 1, []),
        ((), 1, 4, ["9", "7", "5", "3"]),
    ],
)
def test_the_limits(used: tuple[str, ...], most: int, days: int, gone: list[str]) -> None:
    found = refs(9, 7, 5, 3, 1)
    assert removed(found, used_if(*used), most=most, days=days) == gone


def test_nobody_is_asked_about_versions_within_the_limits() -> None:
    asked: list[str] = []

    def is_used(ref: KeptRef) -> bool:
        asked.append(ref.kept.version)
        return True

    assert removed(refs(9, 7, 1), is_used, most=3, days=5) == []
    assert asked == ["9", "7"]


def test_used_versions_stay_until_all_others_have_been_looked_at() -> None:
    def is_used(ref: KeptRef) -> bool:
        if ref.kept.version == "3":
            raise TooManyQuestions
        return ref.kept.version != "7"

    assert removed(refs(9, 7, 5, 3, 1), is_used, most=1, days=MANY_DAYS) == ["7"]


def test_without_mlflow_nothing_is_removed(git: Git) -> None:
    git("config", "gitver.keepVersions", "1")
    for text in ("one\n", "two\n", "three\n"):
        git.write("app.py", text)
        keep_version(git)
    prune_automatically(location_of(git), os.environ)
    assert len(kept_refs(git)) == 3
    assert "kept versions are not pruned" in logged(git)


def test_what_is_known_to_be_used_needs_no_mlflow(git: Git) -> None:
    git("config", "gitver.keepVersions", "1")
    git.write("app.py", "one\n")
    keep_version(git)
    git.write("app.py", "two\n")
    newest = keep_version(git)
    with open_repository(git.path, os.environ) as repository:
        for ref in all_kept(repository):
            note_used(repository.location, ref)
        ages = [ref.age for ref in all_kept(repository)]
    assert max(ages) < 3600
    prune_automatically(location_of(git), os.environ)
    assert kept_refs(git) == [ref_of(newest)]
    assert logged(git) == ""


def test_a_version_that_waits_to_be_registered_stays(git: Git) -> None:
    git("config", "gitver.keepVersions", "1")
    versions = []
    for text in ("one\n", "two\n", "three\n"):
        git.write("app.py", text)
        versions.append(keep_version(git))
    location = location_of(git)
    with open_repository(location, os.environ) as repository:
        for ref in all_kept(repository):
            note_used(location, ref)
    store = Store("sqlite:///mlflow.db", Experiment())
    Outbox(location).put(Registration(versions[0].id, "app-git-0123abcd", store))
    prune_automatically(location, os.environ)
    assert sorted(kept_refs(git)) == sorted(map(ref_of, (versions[0], versions[2])))
    assert logged(git) == ""
