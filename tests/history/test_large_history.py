"""With 200 versions and 100,000 traces; the measurements are printed, not asserted."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

import pytest
from support.git import Git
from support.large_store import Plan, fill
from support.servers import mlflow_server

from gitver_hooks.history.assemble import Selection, read_history
from gitver_hooks.history.source import open_source

VERSIONS = 200


@pytest.mark.long
@pytest.mark.parametrize("served", [False, True])
def test_twenty_of_200_versions_and_100000_traces_are_read_completely(
    git: Git, sqlite_store: Path, tmp_path: Path, served: bool
) -> None:
    stream = "".join(
        f"commit refs/heads/long\ncommitter T <t@example.com> {1_600_000_000 + n} +0000\n"
        f"data 4\n{n:04}\n"
        for n in range(VERSIONS)
    )
    subprocess.run(
        ["git", "fast-import", "--quiet"], cwd=git.path, input=stream.encode(), check=True
    )
    git("checkout", "-q", "-f", "long")
    uri = f"sqlite:///{sqlite_store}"
    fill(uri, git("rev-list", "--reverse", "HEAD").split(), Plan())
    if not served:
        read(git, uri)
        return
    with mlflow_server(tmp_path, uri) as address:
        read(git, address)


def read(git: Git, tracking_uri: str) -> None:
    environment = {**os.environ, "MLFLOW_TRACKING_URI": tracking_uri}
    started = time.perf_counter()
    with open_source(str(git.path), environment, 600) as source:
        history = read_history(source, Selection())
    print(f"{tracking_uri}: {time.perf_counter() - started:.1f} s")
    assert not history.partial
    assert [record.live.traces for record in history] == [470] * 20
    assert {record.live.coverage for record in history} == {"exact"}
