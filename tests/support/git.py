"""A worktree, and git's own command line in it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path


class Git:
    """A worktree, and git's own command line in it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __call__(self, *arguments: str, check: bool = True, **environment: str) -> str:
        """Run ``git ARGUMENTS`` in the worktree; its standard output, without the last newline."""
        return self.run(*arguments, check=check, **environment).stdout.removesuffix("\n")

    def run(
        self, *arguments: str, check: bool = True, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            ["git", *arguments],
            cwd=self.path,
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            errors="surrogateescape",
            stdin=subprocess.DEVNULL,
        )
        if check and done.returncode:
            raise AssertionError(f"git {arguments} exited {done.returncode}: {done.stderr}")
        return done

    def write(self, name: str, content: str | bytes = "") -> Path:
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def commit(self, message: str = "change", **files: str) -> str:
        """Write the files, commit all there is, and return the id of the commit."""
        for name, content in files.items():
            self.write(name, content)
        self("add", "-A")
        self("commit", "-q", "--allow-empty", "-m", message)
        return self("rev-parse", "HEAD")
