"""Hooks of others, interpreters that note what is called, and what an install has done."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from gitver_hooks.gitfiles.location import Location
from gitver_hooks.installation import install
from gitver_hooks.installation.hooks_folder import NATIVE, hooks_in_place


@pytest.fixture
def calls(tmp_path: Path) -> Callable[[], list[str]]:
    """What ran since the last look, in order: lines that hooks wrote to ``$CALLS``."""
    path = tmp_path / "calls"

    def take() -> list[str]:
        lines = path.read_text().splitlines() if path.exists() else []
        path.write_text("")
        return lines

    return take


@pytest.fixture
def python(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """An interpreter that notes ``gitver NAME`` for each call of a hook of ours."""
    monkeypatch.setenv("CALLS", str(tmp_path / "calls"))
    path = tmp_path / "interpreter"
    path.write_text('#!/bin/sh\n[ "$4" = hook ] && echo "gitver $5" >>"$CALLS"\nexit 0\n')
    path.chmod(0o755)
    return str(path)


def script(line: str, status: int = 0) -> str:
    return f'#!/bin/sh\n{line} >>"$CALLS"\nexit {status}\n'


def put(path: Path, content: str | bytes, mode: int = 0o755) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    path.chmod(mode)
    return path


def listing(folder: Path, without: str | None = None) -> dict[str, tuple[int, object]]:
    """Everything under the folder: mode, and content or link target.

    ``without`` is the name of folders to leave out, with what is in them.
    """
    found: dict[str, tuple[int, object]] = {}
    for path in sorted(folder.rglob("*")):
        if without in path.relative_to(folder).parts:
            continue
        mode = path.lstat().st_mode
        content = (
            path.readlink()
            if path.is_symlink()
            else path.read_bytes()
            if stat.S_ISREG(mode)
            else None
        )
        found[str(path.relative_to(folder))] = (mode, content)
    return found


def outcomes(changes: list[install.HookChange]) -> set[str]:
    """The different outcomes of the changes."""
    return {change.outcome for change in changes}


def installed(location: Location) -> tuple[str, ...]:
    """The native hooks in place."""
    return tuple(
        name for name, means in hooks_in_place(location, os.environ).items() if means == NATIVE
    )
