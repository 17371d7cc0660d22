"""Killed at any moment, a keeper leaves a sound repository, and the next one finishes its work."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from support.git import Git
from support.keeping import (
    assert_sound,
    capture_version,
    kept,
    kept_refs,
    location_of,
    logged,
)

from gitver_hooks.keeping.keep import keep_captured
from gitver_hooks.version.version import Version

TESTS = Path(__file__).parent.parent
MOST_STEPS = 40


def edit(git: Git, count: int) -> None:
    for number in range(count):
        git.write(f"new/{number}.py", f"n = {number}\n")


def copies(git: Git, count: int, name: str) -> list[Git]:
    """Worktrees with the same captured version."""
    made = [Git(git.path.parent / f"{name}-{number}") for number in range(count)]
    for copy in made:
        shutil.copytree(git.path, copy.path)
    return made


def kill_before_each_step(git: Git) -> dict[str, Git]:
    """For each step of keeping, a worktree whose keeper was killed right before it."""
    worktrees = copies(git, MOST_STEPS, "killed")
    done = subprocess.run(
        [sys.executable, "-m", "support.kill_points", "1", *(str(w.path) for w in worktrees)],
        cwd=TESTS,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    steps = done.stdout.splitlines()
    assert steps[-1] == "kept", "there are more steps than worktrees"
    killed = steps[: steps.index("kept")]
    return {f"{n} {step}": w for n, (step, w) in enumerate(zip(killed, worktrees, strict=False))}


def finish(git: Git, version: Version) -> None:
    """What the next keeper does, later."""
    for lock in Path(git.path, ".git/refs").rglob("*.lock"):
        os.utime(lock, (1, 1))
    keep_captured(location_of(git), os.environ)
    assert kept(git, version).tree == version.tree
    assert logged(git) == ""
    assert_sound(git)


@pytest.mark.parametrize("count", [2, 25], ids=["loose objects", "a pack"])
def test_a_kill_before_any_step_leaves_a_sound_repository(git: Git, count: int) -> None:
    edit(git, count)
    version = capture_version(git)
    killed = kill_before_each_step(git)
    assert any("/refs/gitver/" in step for step in killed)
    assert any("tmp_" in step for step in killed)
    for step, worktree in killed.items():
        assert_sound(worktree)
        assert kept_refs(worktree) == [], step
    for worktree in killed.values():
        finish(worktree, version)


@pytest.mark.long
def test_two_hundred_kills_at_random_moments_leave_a_sound_repository(git: Git) -> None:
    moments = random.Random(0)
    program = (
        "import os, sys; from gitver_hooks.gitfiles.location import find_location; "
        "from gitver_hooks.keeping.keep import keep_captured; "
        "print(flush=True); keep_captured(find_location(sys.argv[1], os.environ), os.environ)"
    )
    killed = 0
    while killed < 200:
        edit(git, moments.choice([1, 5, 40, 400]))
        git.write("app.py", f"{killed} {moments.random()}\n")
        version = capture_version(git)
        process = subprocess.Popen(
            [sys.executable, "-c", program, str(git.path)], stdout=subprocess.PIPE
        )
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(moments.uniform(0, 0.6))
        process.send_signal(signal.SIGKILL)
        killed += process.wait() == -signal.SIGKILL
        process.stdout.close()
        assert_sound(git)
        finish(git, version)
