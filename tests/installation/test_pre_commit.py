"""Whether pre-commit has stashed changes: it leaves a patch with its process id in its cache."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from gitver_hooks.installation.pre_commit import has_stashed_changes


@pytest.mark.parametrize(
    ("folder", "variables"),
    [
        ("home/.cache/pre-commit", {"HOME": "home"}),
        ("of-the-process/.cache/pre-commit", {}),
        ("caches/pre-commit", {"HOME": "home", "XDG_CACHE_HOME": "caches"}),
        ("own", {"HOME": "home", "XDG_CACHE_HOME": "caches", "PRE_COMMIT_HOME": "own"}),
    ],
)
def test_the_patch_is_looked_for_in_the_cache_of_pre_commit(
    folder: str, variables: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "of-the-process"))
    environment = {name: str(tmp_path / value) for name, value in variables.items()}
    cache = tmp_path / folder
    assert not has_stashed_changes(environment)
    cache.mkdir(parents=True)
    for name in (f"patch1764000000-{os.getpid()}", f"repo-{os.getppid()}", "patch"):
        (cache / name).touch()
    assert not has_stashed_changes(environment)
    (cache / f"patch1764000000-{os.getppid()}").touch()
    assert has_stashed_changes(environment)
