"""A git repository that holds what a release of this project would, tagged with its version."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from gitver_hooks import __version__
from support.git import Git

PROJECT = Path(__file__).parents[2]
PROJECT_URL = "https://github.com/gitver-hooks/gitver-hooks"
_FOLDERS = ("gitver_hooks", "hooks")


@pytest.fixture(scope="session")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The repository, made once from the working files."""
    folder = tmp_path_factory.mktemp("release") / "gitver-hooks"
    folder.mkdir()
    for name in _FOLDERS:
        shutil.copytree(PROJECT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for path in PROJECT.iterdir():
        if path.is_file():
            shutil.copy(path, folder)
    environment = {
        "PATH": os.environ["PATH"],
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
    }
    for command in (
        ("init", "-q"),
        ("add", "-A"),
        ("-c", "user.name=Release", "-c", "user.email=release@example.com", "commit", "-qm", "."),
        ("tag", f"v{__version__}"),
    ):
        subprocess.run(["git", *command], cwd=folder, env=environment, check=True)
    return folder


@pytest.fixture
def published(release: Path, isolated: Path) -> str:
    """The URL of this project, from which git clones the release."""
    git = Git(isolated)
    git("config", "--global", f"url.{release.as_uri()}.insteadOf", PROJECT_URL)
    return PROJECT_URL
