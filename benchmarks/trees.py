"""Trees of files to measure on, committed with git."""

from __future__ import annotations

import os
import shutil
import sysconfig
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from benchmarks.children import Ended
from benchmarks.ground import Ground

SIZES = {"tiny": 60, "small": 700, "medium": 13_000, "large": 100_000}

_LARGEST_FILE = 256 * 1024
_FILES_PER_FOLDER = 40
WITHOUT_HOOKS = ("-c", "core.hooksPath=/dev/null")


class Tree:
    """A worktree with ``count`` tracked files in one commit on the branch ``main``."""

    def __init__(self, ground: Ground, size: str) -> None:
        self.ground = ground
        self.size = size
        self.path = ground.folder / size
        self.path.mkdir()
        _fill(self.path, SIZES[size])
        (self.path / ".gitignore").write_text("__pycache__/\n*.pyc\n")
        (self.path / "app.py").write_text("print('hello')\n")
        self.git("init", "-q")
        self.git("add", "-A")
        self.git("commit", "-q", "-m", "first")
        self.files = [
            self.path / name for name in self.git("ls-files", "-z").output.split("\0") if name
        ]
        self.count = len(self.files)

    def git(self, *arguments: str) -> Ended:
        """Run git without hooks. Raises Failed."""
        return self.ground.run("git", *WITHOUT_HOOKS, *arguments, folder=self.path)

    def gitver(self, *arguments: str, **added: str) -> str:
        """What ``gitver ARGUMENTS`` prints. Raises Failed."""
        return self.ground.run(
            self.ground.gitver, *arguments, folder=self.path, **added
        ).output.strip()

    @property
    def state(self) -> Path:
        return self.path / ".git" / "gitver"

    @property
    def active_model_file(self) -> Path:
        return self.path / ".mlflow-active-model"

    def touch_all(self) -> None:
        """Give every file a new modification time and nothing else."""
        for file in self.files:
            os.utime(file)

    def note_recheck(self) -> None:
        """As if MLflow had been asked just now whether the active model is still there."""
        (self.state / "rechecked").touch()


def _fill(folder: Path, count: int) -> None:
    """Write ``count`` files: real ones, and where there are not enough, more made of them."""
    real = list(islice(_real_files(), count))
    for source, name in real:
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
    for number in range(len(real), count):
        source, name = real[number % len(real)]
        part, place = divmod(number, _FILES_PER_FOLDER)
        target = folder / "generated" / f"{part // 20:03}" / f"{part % 20:02}" / f"{place:02}.py"
        target.parent.mkdir(parents=True, exist_ok=True)
        with source.open("rb") as file:
            target.write_bytes(b"# %d\n" % number + file.read(8192))


def _real_files() -> Iterator[tuple[Path, str]]:
    """Files of the installed packages, then of the standard library, and names to give them."""
    seen = set()
    for kind in ("purelib", "stdlib"):
        top = sysconfig.get_path(kind)
        for folder, folders, names in os.walk(top):
            folders[:] = sorted(set(folders) - {"__pycache__", "site-packages", ".git"})
            for name in sorted(names):
                path = Path(folder, name)
                if name.endswith(".pyc") or name.startswith(".git") or path.is_symlink():
                    continue
                target = f"{kind}/{path.relative_to(top)}"
                # Some file systems fold case.
                if path.stat().st_size <= _LARGEST_FILE and target.lower() not in seen:
                    seen.add(target.lower())
                    yield path, target
