"""Runs gitver's commands in this process, which has MLflow imported already."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from gitver_hooks.cli import main


@dataclass(frozen=True)
class Done:
    """A command that has ended."""

    returncode: int
    output: bytes
    stderr: str

    @property
    def stdout(self) -> str:
        return self.output.decode("utf-8", "surrogateescape")


@pytest.fixture
def gitver(
    monkeypatch: pytest.MonkeyPatch, delivering: Callable[[float], None]
) -> Callable[..., Done]:
    """``gitver(folder, *arguments)``. What programs started by the command print is not seen.

    ``delivering`` undoes what the commands change in the process.
    """

    def call(folder: Path, *arguments: str) -> Done:
        # A machine under load is no reason to give up on MLflow.
        patience = ("--deadline", "120") if arguments[0] in ("restore", "diff", "prune") else ()
        out, err = io.TextIOWrapper(io.BytesIO(), "utf-8"), io.StringIO()
        with monkeypatch.context() as patch:
            patch.chdir(folder)
            patch.setattr(sys, "stdout", out)
            patch.setattr(sys, "stderr", err)
            status = main([*arguments[:1], *patience, *arguments[1:]])
            out.flush()
        content = out.buffer.getvalue()
        return Done(status, content, err.getvalue())

    return call
