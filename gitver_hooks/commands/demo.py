"""Show how gitver works, in a temporary folder: commits, an edit, and the traces of an app.

Needs only git, usually takes less than a minute, and leaves nothing behind. GITVER_WAIT is how many
seconds to wait for each registration.
"""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Mapping
from pathlib import Path

from gitver_hooks.common.errors import GitverError
from gitver_hooks.common.scratch_folder import scratch_folder


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--history",
        action="store_true",
        help="make a history of thirty commits, and run log, compare and report on it",
    )
    parser.add_argument("--keep", metavar="DIR", help="with --history: keep everything in DIR")


def run(arguments: argparse.Namespace) -> int:
    from gitver_hooks.demo.environment import demo_environment
    from gitver_hooks.demo.tour import Tour

    if shutil.which("git") is None:
        raise GitverError("git is not on PATH", "install git")
    environment = demo_environment(arguments.environment)
    if arguments.history:
        _history(arguments.keep, environment)
        return 0
    if arguments.keep:
        raise GitverError("--keep needs --history", "see `gitver demo --help`")
    with scratch_folder("gitver-demo-") as folder:
        Tour(folder / "shop", environment).play()
    return 0


def _history(keep: str | None, environment: Mapping[str, str]) -> None:
    from gitver_hooks.demo.history import kept_lines, play_history

    if keep is None:
        with scratch_folder("gitver-demo-") as folder:
            play_history(folder / "shop", environment)
        print("Nothing was kept; `gitver demo --history --keep DIR` keeps it.")
        return
    folder = Path(keep).absolute()
    play_history(folder, environment)
    for line in kept_lines(folder):
        print(line)
