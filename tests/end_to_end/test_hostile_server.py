"""A hostile server can only make the commands that read from it fail in one line."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from support.git import Git
from support.hooks import listing
from support.hostile import hostile_server

READING = {
    "gzip bomb": (["log"], "is too large"),
    "byte by byte": (["show", "HEAD"], ""),
    "large body without length": (["report", "-o", "../report.html"], "is too large"),
    "redirect": (["compare", "HEAD~1", "HEAD"], "redirects to another server"),
}


@pytest.mark.parametrize("attack", READING)
def test_a_command_that_reads_fails_in_one_line(git: Git, attack: str) -> None:
    git.commit("second")
    command, expected = READING[attack]
    before = listing(git.path.parent, without="gitver")
    with hostile_server("capture") as capture, hostile_server(attack, capture.address) as server:
        done = subprocess.run(
            [sys.executable, "-m", "gitver_hooks", *command, "--deadline", "10"],
            cwd=git.path,
            env={**os.environ, "MLFLOW_TRACKING_URI": server.address},
            capture_output=True,
            text=True,
            timeout=200,
        )
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert expected in line
    assert capture.requests == []
    assert listing(git.path.parent, without="gitver") == before
