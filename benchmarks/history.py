"""Measures the walk over the newest commits of a long history."""

from __future__ import annotations

import subprocess

from benchmarks.children import Failed
from benchmarks.ground import Ground
from benchmarks.results import Results
from benchmarks.timing import Samples, Turns

HISTORY = "history"
COMMITS, ROWS = 50_000, 20
WALK = f"walk of {ROWS} of {COMMITS} commits"

# The imports are those of every command, so they are not counted.
_PROGRAM = f"""\
import os, time
from itertools import islice
import dulwich.repo
from gitver_hooks.history.walk import first_parents
from gitver_hooks.repository.repository import open_repository
with open_repository(".", os.environ) as repository:
    started = time.perf_counter()
    found = list(islice(first_parents(repository, repository.head_commit()), {ROWS}))
    seconds = time.perf_counter() - started
print(len(found), seconds)
"""


def measure_history(ground: Ground, turns: Turns, results: Results) -> None:
    """Walk the newest commits as `gitver log` does, in a new process each time."""
    folder = ground.folder / HISTORY
    _git(ground, "init", "-q", str(folder))
    commits = "".join(
        f"commit refs/heads/main\ncommitter B <b@example.com> {1_500_000_000 + number} +0000\n"
        f"data 7\n{number:07}\n"
        for number in range(COMMITS)
    )
    _git(ground, "-C", str(folder), "fast-import", "--quiet", text=commits)
    samples = Samples()
    for turn in range(turns.warm_up + turns.counted):
        done = subprocess.run(
            [ground.python, "-c", _PROGRAM],
            cwd=folder,
            env=ground.environment,
            capture_output=True,
            text=True,
        )
        found, _, seconds = done.stdout.partition(" ")
        if found != str(ROWS):
            raise Failed(f"the walk found {done.stdout or done.stderr}")
        if turn >= turns.warm_up:
            samples.seconds.append(float(seconds))
    results.add(HISTORY, {WALK: samples})


def _git(ground: Ground, *arguments: str, text: str = "") -> None:
    subprocess.run(["git", *arguments], input=text, env=ground.environment, text=True, check=True)
