"""Trees of files to measure on, committed with git."""

from __future__ import annotations

import itertools
import os
import random
import sysconfig
from pathlib import Path

from benchmarks.children import Ended
from benchmarks.ground import Ground

SIZES = {"tiny": 60, "small": 700, "medium": 13_000, "large": 100_000}

_LARGEST_FILE = 64 * 1024
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
        """The output of ``gitver ARGUMENTS``. Raises Failed."""
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
        """Mark the active model as just checked with MLflow."""
        (self.state / "rechecked").touch()


def _fill(folder: Path, count: int) -> None:
    """Write ``count`` files: copies of whole real folders, in an order that is always the same.

    A larger tree therefore contains a smaller one and more of the same kind. If there are not
    enough files, they are copied again into another folder, with a first line of their own.
    """
    folders = _real_folders()
    random.Random(0).shuffle(folders)
    written = 0
    for copy in itertools.count():
        for source, name in itertools.chain.from_iterable(folders):
            if written == count:
                return
            target = folder / (f"copy{copy}/{name}" if copy else name)
            target.parent.mkdir(parents=True, exist_ok=True)
            first_line = b"# copy %d\n" % copy if copy else b""
            target.write_bytes(first_line + source.read_bytes())
            written += 1


def _real_folders() -> list[list[tuple[Path, str]]]:
    """The files of the installed packages and the standard library, with names for the copies."""
    found = []
    seen = set()
    for kind in ("purelib", "stdlib"):
        top = sysconfig.get_path(kind)
        for folder, folders, names in os.walk(top):
            folders[:] = sorted(set(folders) - {"__pycache__", "site-packages", ".git"})
            files = []
            for name in sorted(names):
                path = Path(folder, name)
                target = f"{kind}/{path.relative_to(top)}"
                # Some file systems are case-insensitive.
                if _is_wanted(path) and target.lower() not in seen:
                    seen.add(target.lower())
                    files.append((path, target))
            if files:
                found.append(files)
    return found


def _is_wanted(path: Path) -> bool:
    if path.suffix == ".pyc" or path.name.startswith(".git") or path.is_symlink():
        return False
    return path.stat().st_size <= _LARGEST_FILE
