"""Makes the git repository of the demo's history."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from gitver_hooks.common.errors import GitverError
from gitver_hooks.demo.scenario import SUBJECTS, language_model

_DAY = 86_400


def make_repository(folder: Path, environment: Mapping[str, str]) -> list[str]:
    """A repository with the commits, one a day until today; their ids, oldest first."""

    def git(*arguments: str, stream: str = "") -> str:
        completed = subprocess.run(
            ["git", *arguments],
            cwd=folder,
            env=dict(environment),
            input=stream,
            capture_output=True,
            text=True,
        )
        if completed.returncode:
            raise GitverError(
                f"`git {arguments[0]}` failed: {' '.join(completed.stderr.split()[-20:])}",
                f"use an empty folder instead of {folder}",
            )
        return completed.stdout

    if any(folder.iterdir()):
        raise GitverError(f"{folder} is not empty", "name an empty or a new folder")
    git("init", "-q", "-b", "main")
    git("fast-import", "--quiet", stream="".join(_fast_import(int(time.time()))))
    git("reset", "-q", "--hard", "main")
    (folder / ".git/info/exclude").write_text("/mlflow.db\n/mlruns/\n/report.html\n")
    return git("rev-list", "--reverse", "HEAD").split()


def _fast_import(now: int) -> Iterator[str]:
    for number, subject in enumerate(SUBJECTS):
        at = now - (len(SUBJECTS) - number) * _DAY
        files = {
            "app.py": f'MODEL = "{language_model(number)}"\nPROMPT = open("prompt.txt").read()\n',
            "prompt.txt": f"Answer the customer.\n# {subject}\n",
        }
        yield f"commit refs/heads/main\ncommitter Demo <demo@example.com> {at} +0000\n"
        yield f"data {len(subject.encode())}\n{subject}\n"
        for name, text in files.items():
            yield f"M 644 inline {name}\ndata {len(text.encode())}\n{text}\n"
