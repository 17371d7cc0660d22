"""Names of versions: commits, version ids, models, traces, and prefixes of them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy
from support.git import Git
from support.large_store import Plan, fill

from gitver_hooks.common.errors import GitverError
from gitver_hooks.history.details import read_details
from gitver_hooks.history.resolve import resolve
from gitver_hooks.history.source import Source, open_source

DIGEST = "efc07a29"


@pytest.fixture
def source(git: Git, sqlite_store: Path) -> Iterator[Source]:
    """Three commits with models, the newest of them dirty."""
    for number in range(2):
        git.commit(f"change {number}", **{"app.py": f"print({number})\n"})
    git("tag", "v1", "HEAD~1")
    uri = f"sqlite:///{sqlite_store}"
    commits = git("rev-list", "--reverse", "HEAD").split()
    fill(uri, commits, Plan(live=3, evaluated=2))
    fill(uri, commits[2:], Plan(live=1, evaluated=0, first=3))
    dirty = f"{commits[2][:32]}-dirty-{DIGEST}"
    model = f"m-{3:032x}"
    set_tags(uri, model, {"gitver.version": dirty, "mlflow.source.git.dirty": "true"})
    environment = {**os.environ, "MLFLOW_TRACKING_URI": uri}
    with open_source(str(git.path), environment, 120) as opened:
        yield opened


def set_tags(uri: str, model: str, tags: dict[str, str]) -> None:
    engine = sqlalchemy.create_engine(uri)
    with engine.begin() as connection:
        for key, value in tags.items():
            connection.execute(
                sqlalchemy.text(
                    "UPDATE logged_model_tags SET tag_value = :value "
                    "WHERE model_id = :model AND tag_key = :key"
                ),
                {"model": model, "key": key, "value": value},
            )
    engine.dispose()


def test_a_version_can_be_named_in_many_ways(git: Git, source: Source) -> None:
    middle = git("rev-parse", "HEAD~1")
    names = ["HEAD~1", "v1", "main^", middle, middle[:7], f"app-git-{middle[:8]}", f"m-{1:032x}"]
    for name in names:
        found = resolve(source, name)
        assert (found.version, found.commit, found.dirty) == (middle, middle, False), name
        assert found.model_id == f"m-{1:032x}"


def test_a_dirty_version_can_be_named_by_its_id_a_prefix_and_as_tables_show_it(
    git: Git, source: Source
) -> None:
    head = git("rev-parse", "HEAD")
    version = f"{head[:32]}-dirty-{DIGEST}"
    for name in (version, version[:-3], f"{head[:8]}+{DIGEST}", f"{head[:8]}+efc"):
        found = resolve(source, name)
        assert (found.version, found.commit, found.dirty) == (version, head, True), name


def test_a_trace_names_the_version_that_produced_it(git: Git, source: Source) -> None:
    trace = f"tr-{1:08x}{2:024x}"
    found = resolve(source, trace)
    assert (found.version, found.trace_id) == (git("rev-parse", "HEAD~1"), trace)
    details = read_details(source, trace)
    assert details.trace is not None
    assert "number 2" in details.trace.inputs


def test_the_worktree_is_dirty_or_head(git: Git, source: Source) -> None:
    clean = resolve(source, "@dirty")
    assert (clean.version, clean.dirty) == (git("rev-parse", "HEAD"), False)
    git.write("app.py", "print('edited')\n")
    edited = resolve(source, "@dirty")
    assert edited.dirty
    assert edited.version.startswith(git("rev-parse", "HEAD")[:32] + "-dirty-")
    assert edited.model_id is None


@pytest.mark.parametrize("name", ["nothing", "m-" + "9" * 32, "tr-" + "9" * 32, "--help", "a'b"])
def test_an_unknown_name_is_an_error(source: Source, name: str) -> None:
    with pytest.raises(GitverError) as raised:
        resolve(source, name)
    assert name in str(raised.value)


def test_details_tell_the_commit_its_files_and_its_traces(git: Git, source: Source) -> None:
    details = read_details(source, "HEAD~1")
    assert (details.record.subject, details.author) == ("change 0", "Test")
    assert details.files == ("app.py",)
    assert details.branch == "main"
    assert details.record.live.traces == 3
    assert len(details.slowest) == 5
    latencies = [trace.latency_ms or 0 for trace in details.slowest]
    assert latencies == sorted(latencies, reverse=True)
    assert details.notes == ()
