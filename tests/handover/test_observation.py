"""An observation is sound only if no change can hide in a tick of the clock."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import cast

from support.git import Git
from support.locations import location_of
from support.snapshots import settle

from gitver_hooks.handover import freshness
from gitver_hooks.handover.observation import OWN, Directory, Observation
from gitver_hooks.repository.repository import open_repository
from gitver_hooks.worktree.content import read_content


def test_a_file_from_the_future_is_never_trusted(git: Git) -> None:
    with open_repository(location_of(git.path), os.environ) as repository:
        content = read_content(repository)
        observation = content.observation
    directory = observation.directories[0]
    year_2242 = 2**33 * 10**9
    status = cast(
        os.stat_result,
        SimpleNamespace(
            st_mtime_ns=0, st_ctime_ns=year_2242, st_size=5, st_mode=0o100644, st_ino=1
        ),
    )
    assert observation.sound
    observation.file(directory, b"future", status)
    assert not observation.sound
    assert not freshness.save(location_of(git.path), observation, "v")


def test_a_change_after_the_clock_was_read_makes_an_observation_unsound(git: Git) -> None:
    observation = Observation(location_of(git.path).state_dir)
    directory = observation.directory(b"", os.fsencode(git.path), OWN)
    assert observation.sound
    settle()
    observation.file(directory, b"app.py", (git.path / "app.py").stat())
    assert observation.sound
    git.write("app.py", "print('HELLO')\n")
    observation.file(directory, b"app.py", (git.path / "app.py").stat())
    assert not observation.sound
    assert observation.youngest_ns == (git.path / "app.py").stat().st_ctime_ns


def test_a_change_in_the_tick_of_the_clock_makes_an_observation_unsound(git: Git) -> None:
    observation = Observation(location_of(git.path).state_dir)
    status = (git.path / "app.py").stat()
    directory = Directory(b"", OWN, status.st_ctime_ns, (0, 0))
    observation.file(directory, b"app.py", status)
    assert not observation.sound


def test_without_the_c_implementations_signatures_are_the_same(tmp_path: Path) -> None:
    """Another Python may have only the public modules."""
    program = (
        "import sys; {hide}\n"
        "from gitver_hooks.handover.observation import signatures_of\n"
        f"print(signatures_of([{os.fsencode(tmp_path)!r}]).hex())"
    )
    answers = [
        subprocess.run(
            [sys.executable, "-c", program.replace("{hide}", hide)],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for hide in ("", "sys.modules['_operator'] = None")
    ]
    assert answers[0] == answers[1] != ""
