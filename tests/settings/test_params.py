"""The params of a version: flat, as YAML writes them, and only from files of the worktree."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from gitver_hooks.common.errors import GitverError
from gitver_hooks.settings import Settings, flattened_params


def test_params_are_flattened_with_dots_and_written_as_yaml_writes_them(tmp_path: Path) -> None:
    (tmp_path / "llm.yaml").write_text("model: small\nstop: [a, b]\nretries: 3\n")
    params = {"model": "large", "cache": {"enabled": True, "ttl": None, 1: "\ud800"}}
    settings = Settings(params_files=("llm.yaml",), params=params)
    assert flattened_params(settings, str(tmp_path)) == {
        "model": "large",
        "stop.0": "a",
        "stop.1": "b",
        "retries": "3",
        "cache.enabled": "true",
        "cache.ttl": "null",
        "cache.1": "\\ud800",
    }


def test_a_set_has_the_same_order_everywhere(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("s: !!set {b, c, a}\n")
    code = (
        "from gitver_hooks.settings import Settings, flattened_params\n"
        f"print(flattened_params(Settings(params_files=('a.yaml',)), {str(tmp_path)!r}))"
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
        flattened_params(settings, str(tmp_path))


def test_a_params_file_that_is_no_mapping_is_named(tmp_path: Path) -> None:
    (tmp_path / "list.yaml").write_text("- a\n")
    with pytest.raises(GitverError, match=r"list\.yaml contains a list"):
        flattened_params(Settings(params_files=("list.yaml",)), str(tmp_path))


def test_files_together_hold_no_more_than_one_may(tmp_path: Path) -> None:
    for name in "ab":
        (tmp_path / name).write_text("".join(f"{name}{i}: 1\n" for i in range(4900)))
    assert len(flattened_params(Settings(params_files=("a", "a")), str(tmp_path))) == 4900
    (tmp_path / "c").write_text("".join(f"c{i}: 1\n" for i in range(4900)))
    with pytest.raises(GitverError, match="more than 10,000 values"):
        flattened_params(Settings(params_files=("a", "b", "c")), str(tmp_path))
