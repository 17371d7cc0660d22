"""An isolated home and an environment with gitver installed, to measure in."""

from __future__ import annotations

import compileall
import os
import shutil
import sysconfig
import venv
from pathlib import Path

import gitver_hooks
from benchmarks.children import Ended, run
from gitver_hooks.installation.hook_files import ready_made_folder

# Fixed, so that commits have the same ids in each run.
_DATE = "2025-06-01T12:00:00+00:00"
_GIT_SETTINGS = """\
[user]
	name = Benchmark
	email = benchmark@example.com
[init]
	defaultBranch = main
[gc]
	auto = 0
[maintenance]
	auto = false
[advice]
	detachedHead = false
"""
_GITVER = """\
#!{python}
import sys
from gitver_hooks.cli import main
sys.exit(main())
"""


class Ground:
    """A temporary folder with a home, and with an environment that has gitver-hooks installed.

    ``python`` is its interpreter and ``gitver`` its command; dependencies come from the interpreter
    that runs the benchmarks.
    """

    def __init__(self, folder: Path) -> None:
        # Resolved, because git and Python may otherwise use different paths of the same folder.
        self.folder = folder.resolve()
        self.home = self.folder / "home"
        self.home.mkdir()
        (self.home / ".gitconfig").write_text(_GIT_SETTINGS)
        self._install(self.folder / "environment")
        self.environment = {
            "PATH": os.pathsep.join([str(Path(self.python).parent), os.environ["PATH"]]),
            "HOME": str(self.home),
            "LC_ALL": "C.UTF-8",
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_AUTHOR_DATE": _DATE,
            "GIT_COMMITTER_DATE": _DATE,
            "GIT_TERMINAL_PROMPT": "0",
            "MLFLOW_DISABLE_TELEMETRY": "true",
            "DO_NOT_TRACK": "true",
        }

    def run(self, *command: str, folder: Path, **added: str) -> Ended:
        """Run a program that prepares a measurement. Raises Failed."""
        return run(command, folder, {**self.environment, **added})

    def _install(self, folder: Path) -> None:
        venv.create(folder, symlinks=True, with_pip=False)
        variables = {"base": str(folder), "platbase": str(folder)}
        packages = Path(sysconfig.get_path("purelib", "venv", variables))
        commands = Path(sysconfig.get_path("scripts", "venv", variables))
        self.python = str(commands / "python")
        self.gitver = str(commands / "gitver")
        source = Path(gitver_hooks.__file__).parent
        target = packages / "gitver_hooks"
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copytree(ready_made_folder(), target / "hooks", dirs_exist_ok=True)
        compileall.compile_dir(target, quiet=1)
        # Folders named in a .pth file are searched, but their own .pth files are not read.
        shared = dict.fromkeys(sysconfig.get_path(name) for name in ("purelib", "platlib"))
        (packages / "shared.pth").write_text("".join(f"{path}\n" for path in shared))
        Path(self.gitver).write_text(_GITVER.format(python=self.python))
        os.chmod(self.gitver, 0o755)
