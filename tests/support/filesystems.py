"""Folders on filesystems of several kinds."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture(params=["the usual filesystem", "tmpfs"])
def filesystem(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    """A folder on the usual filesystem, then one on a tmpfs, if there is one."""
    if request.param == "the usual filesystem":
        yield tmp_path
        return
    if not is_tmpfs("/dev/shm"):
        pytest.skip("/dev/shm is not a tmpfs here")
    path = Path(tempfile.mkdtemp(dir="/dev/shm"))
    yield path
    shutil.rmtree(path)


def is_tmpfs(path: str) -> bool:
    try:
        lines = Path("/proc/mounts").read_text().splitlines()
    except OSError:
        return False
    return any(line.split()[1:3] == [path, "tmpfs"] for line in lines)
