"""The params of a version: flat, as YAML writes them, and only from files of the worktree."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from gitver_hooks.common.errors import GitverError
from gitver_hooks.gitfiles.location import Location
from gitver_hooks.settings import Settings, flattened_params, params


def _location(worktree: Path, app: str = "") -> Location:
    return Location(str(worktree), str(worktree / ".git"), str(worktree / ".git"), app)


def test_params_are_flattened_with_dots_and_written_as_yaml_writes_them(tmp_path: Path) -> None:
    (tmp_path / "llm.yaml").write_text("model: small\nstop: [a, b]\nretries: 3\n")
    inline = {"model": "large", "cache": {"enabled": True, "ttl": None, 1: "\ud800"}}
    settings = Settings(params_files=("llm.yaml",), params=inline)
    assert flattened_params(settings, _location(tmp_path)) == {
        "model": "large",
        "stop.0": "a",
        "stop.1": "b",
        "retries": "3",
        "cache.enabled": "true",
        "cache.ttl": "null",
        "cache.1": "\\ud800",
    }


@pytest.mark.heavy
def test_a_set_has_the_same_order_everywhere(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("s: !!set {b, c, a}\n")
    code = (
        "from gitver_hooks.gitfiles.location import Location\n"
        "from gitver_hooks.settings import Settings, flattened_params\n"
        f"location = Location({str(tmp_path)!r}, '', '')\n"
        "print(flattened_params(Settings(params_files=('a.yaml',)), location))"
    )
    for seed in ("1", "2"):
        done = subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout.strip() == str({"s.0": "a", "s.1": "b", "s.2": "c"})


def test_a_params_file_that_is_missing_is_named(tmp_path: Path) -> None:
    settings = Settings(params_files=("gone.yaml",))
    with pytest.raises(GitverError, match=r"params_files names 'gone\.yaml'"):
        flattened_params(settings, _location(tmp_path))


def test_a_params_file_that_is_not_a_mapping_is_named(tmp_path: Path) -> None:
    (tmp_path / "list.yaml").write_text("- a\n")
    with pytest.raises(GitverError, match=r"list\.yaml contains a list"):
        flattened_params(Settings(params_files=("list.yaml",)), _location(tmp_path))


def test_all_files_together_have_the_limit_of_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(params, "MOST_NODES", 3)
    (tmp_path / "a").write_text("a: 1\nb: 1\n")
    (tmp_path / "c").write_text("c: 1\n")
    (tmp_path / "d").write_text("d: 1\n")
    assert len(flattened_params(Settings(params_files=("a", "a", "c")), _location(tmp_path))) == 3
    with pytest.raises(GitverError) as caught:
        flattened_params(Settings(params_files=("a", "c", "d")), _location(tmp_path))
    assert str(caught.value) == "params_files name more than 3 values; log fewer of them"


def test_the_message_about_a_missing_params_file_has_a_remedy(tmp_path: Path) -> None:
    with pytest.raises(GitverError) as caught:
        flattened_params(Settings(params_files=("gone.yaml",)), _location(tmp_path))
    assert str(caught.value) == (
        f"params_files names 'gone.yaml', which is not a file in {tmp_path}; "
        "correct params_files in .gitver.yaml"
    )


def test_sets_and_odd_keys_are_flattened_in_a_fixed_order(tmp_path: Path) -> None:
    values: dict[Any, Any] = {"s": {3, None, "b", True}, None: {"": 1}, "empty": {}, "none": []}
    assert flattened_params(Settings(params=values), _location(tmp_path)) == {
        "s.0": "3",
        "s.1": "null",
        "s.2": "true",
        "s.3": "b",
        "null.": "1",
    }


def test_the_files_of_an_app_are_named_from_its_folder(tmp_path: Path) -> None:
    (tmp_path / "apps/chat").mkdir(parents=True)
    (tmp_path / "apps/chat/own.yaml").write_text("a: 1\n")
    (tmp_path / "shared.yaml").write_text("b: 2\n")
    settings = Settings(params_files=("own.yaml", "../../shared.yaml"))
    assert flattened_params(settings, _location(tmp_path, "apps/chat")) == {"a": "1", "b": "2"}
    with pytest.raises(GitverError, match="is outside of"):
        flattened_params(
            Settings(params_files=("../../../x.yaml",)), _location(tmp_path, "apps/chat")
        )
