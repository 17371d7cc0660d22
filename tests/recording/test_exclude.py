"""What ``info/exclude`` hides: files that gitver and MLflow create, and nobody else's."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest
from support.git import Git
from support.locations import location_of

from gitver_hooks.common.errors import GitverError
from gitver_hooks.recording.exclude import (
    exclude_local_files,
    include_local_files,
)

FORMER = (
    "# gitver and MLflow's local files\n.mlflow-active-model\nmlflow.db*\nmlruns/\nmlartifacts/\n"
)


def hidden(git: Git, *names: str) -> set[str]:
    """Those of ``names`` that git ignores."""
    return {name for name in names if git("check-ignore", name, check=False)}


@pytest.mark.parametrize(
    "name",
    ["data.db", "a b.db ", "a*.db", "[a].db", "a\\b.db", "#a.db", "!a.db", "sub/ü.db", "?"],
)
def test_a_store_hides_itself_and_what_sqlite_puts_beside_it(git: Git, name: str) -> None:
    exclude_local_files(location_of(git.path), str(git.path / name))
    own = {name, f"{name}-wal", f"{name}-shm", f"{name}-journal"}
    others = {f"{name}.py", f"{name}x", f"sub/sub/{name}", f"x{name}", "app.py", "b.db", "sub/x"}
    assert hidden(git, *own, *others) == own


@pytest.mark.parametrize("name", ["a\n*", "*\n", "a\r", "\t", "a\x7f", "x\n!y\n/**"])
def test_a_path_that_no_pattern_can_express_hides_nothing(git: Git, name: str) -> None:
    exclude_local_files(location_of(git.path))
    before = (git.path / ".git/info/exclude").read_bytes()
    exclude_local_files(location_of(git.path), str(git.path / name))
    assert (git.path / ".git/info/exclude").read_bytes() == before
    assert hidden(git, "app.py", "a", "x", "new.txt") == set()


def test_a_file_that_is_no_database_stays_visible(git: Git, tmp_path: Path) -> None:
    git.write("notes.txt", "my notes\n")
    (git.path / "link.db").symlink_to("notes.txt")
    os.mkfifo(git.path / "fifo.db")
    for name in ("notes.txt", "link.db", "fifo.db", ""):
        exclude_local_files(location_of(git.path), str(git.path / name))
    exclude_local_files(location_of(git.path), str(tmp_path / "elsewhere.db"))
    assert hidden(git, "notes.txt", "link.db", "fifo.db", "elsewhere.db") == set()


def test_the_rules_are_added_once_and_the_users_stay(git: Git) -> None:
    path = git.path / ".git/info/exclude"
    path.write_bytes(b"# mine\n*.tmp\r\nlast")
    path.chmod(0o640)
    for _ in range(2):
        exclude_local_files(location_of(git.path), str(git.path / "a b "))
    content = path.read_bytes()
    assert content.endswith(b"# mine\n*.tmp\r\nlast")
    assert content.count(b"/a\\ b\\ -wal\n") == 1
    assert path.stat().st_mode & 0o777 == 0o640
    assert git("status", "--porcelain") == ""


def test_only_the_files_that_gitver_and_mlflow_create_are_hidden(git: Git) -> None:
    exclude_local_files(location_of(git.path))
    own = {
        *(".mlflow-active-model", "mlruns/0/meta.yaml", "mlartifacts/1/model"),
        *("mlflow.db", "mlflow.db-journal", "mlflow.db-wal", "mlflow.db-shm"),
    }
    others = {"mlflow.db.py", "mlflow.dbx", "sub/mlflow.db", "sub/mlruns/app.py", "mlruns.py"}
    assert hidden(git, *own, *others) == own


def test_a_linked_worktree_shares_the_rules_and_adds_its_own_file(git: Git) -> None:
    git("worktree", "add", "-q", "../linked")
    linked = Git(git.path.parent / "linked")
    exclude_local_files(location_of(git.path))
    exclude_local_files(location_of(linked.path).of_app("sub [1]"))
    for worktree in (git, linked):
        names = (".mlflow-active-model", "sub [1]/.mlflow-active-model", "sub 1/x")
        assert hidden(worktree, *names) == set(names[:2])


@pytest.mark.parametrize("end", ["", "# end of gitver's rules\n", "/a*\n# end of gitver's rules\n"])
def test_the_rules_of_earlier_versions_are_replaced(git: Git, end: str) -> None:
    path = git.path / ".git/info/exclude"
    path.write_text(f"before\n{FORMER}{end}*.log\nmlflow.dbx\n")
    exclude_local_files(location_of(git.path), str(git.path / "data.db"))
    lines = path.read_text().splitlines()
    assert "mlflow.db*" not in lines
    assert "/a*" not in lines
    assert lines[-3:] == ["before", "*.log", "mlflow.dbx"]
    assert "/data.db-wal" in lines
    assert hidden(git, "mlflow.db.py", "app.py") == set()
    content = path.read_bytes()
    exclude_local_files(location_of(git.path), str(git.path / "data.db"))
    assert path.read_bytes() == content
    include_local_files(location_of(git.path))
    assert path.read_text() == "before\n*.log\nmlflow.dbx\n"


def test_two_worktrees_that_add_rules_at_the_same_time_lose_none(git: Git) -> None:
    names = [f"file-{number}" for number in range(24)]
    barrier = Barrier(8)

    def add(worker: int) -> None:
        barrier.wait()
        for name in names[worker::8]:
            exclude_local_files(location_of(git.path), str(git.path / name))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(add, range(8)))
    assert hidden(git, *names) == set(names)


def test_a_path_outside_of_the_worktree_needs_no_rule(git: Git) -> None:
    exclude_local_files(location_of(git.path))
    path = git.path / ".git/info/exclude"
    before = path.read_bytes()
    for outside in (git.path.parent / "elsewhere.db", Path(f"{git.path}-2", "mlflow.db")):
        exclude_local_files(location_of(git.path), str(outside))
    assert path.read_bytes() == before


def test_rules_that_are_complete_are_not_written_again(git: Git) -> None:
    exclude_local_files(location_of(git.path))
    path = git.path / ".git/info/exclude"
    before = path.stat()
    exclude_local_files(location_of(git.path))
    assert path.stat() == before


@pytest.mark.parametrize("rule", ["/a*", "not-rooted"])
def test_other_rules_among_ours_are_removed(git: Git, rule: str) -> None:
    exclude_local_files(location_of(git.path))
    path = git.path / ".git/info/exclude"
    before = path.read_text()
    path.write_text(before.replace("/mlruns/\n", f"/mlruns/\n{rule}\n"))
    exclude_local_files(location_of(git.path))
    assert path.read_text() == before


def test_the_file_is_created_if_needed_and_removed_when_it_is_empty(git: Git) -> None:
    path = git.path / ".git/info/exclude"
    path.unlink()
    assert include_local_files(location_of(git.path)) == []
    exclude_local_files(location_of(git.path))
    assert path.stat().st_mode & 0o777 == 0o644
    assert include_local_files(location_of(git.path)) == [str(path)]
    assert not path.exists()
    path.write_text("*.tmp\n")
    assert include_local_files(location_of(git.path)) == []
    assert path.read_text() == "*.tmp\n"


def test_a_file_that_cannot_be_written_is_named(git: Git) -> None:
    path = git.path / ".git/info/exclude"
    path.unlink()
    path.mkdir()
    for change in (exclude_local_files, include_local_files):
        with pytest.raises(GitverError, match=r"info/exclude cannot be written: .*; make it"):
            change(location_of(git.path))
