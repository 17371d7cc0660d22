"""What ``info/exclude`` hides: files that gitver and MLflow create, and nobody else's."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from support.git import Git

from gitver_hooks.gitfiles.location import Location, find
from gitver_hooks.recording.exclude import exclude_local_files


def location_of(git: Git) -> Location:
    found = find(str(git.path), os.environ)
    assert found is not None
    return found


def hidden(git: Git, *names: str) -> set[str]:
    """Those of ``names`` that git ignores."""
    return {name for name in names if git("check-ignore", name, check=False)}


@pytest.mark.parametrize(
    "name",
    ["data.db", "a b.db ", "a*.db", "[a].db", "a\\b.db", "#a.db", "!a.db", "sub/ü.db", "?"],
)
def test_a_store_hides_itself_and_what_sqlite_puts_beside_it(git: Git, name: str) -> None:
    exclude_local_files(location_of(git), str(git.path / name))
    own = {name, f"{name}-wal", f"{name}-shm", f"{name}-journal"}
    others = {f"{name}.py", f"{name}x", f"sub/sub/{name}", f"x{name}", "app.py", "b.db", "sub/x"}
    assert hidden(git, *own, *others) == own


@pytest.mark.parametrize("name", ["a\n*", "*\n", "a\r", "\t", "a\x7f", "x\n!y\n/**"])
def test_a_path_that_no_pattern_can_express_hides_nothing(git: Git, name: str) -> None:
    exclude_local_files(location_of(git))
    before = (git.path / ".git/info/exclude").read_bytes()
    exclude_local_files(location_of(git), str(git.path / name))
    assert (git.path / ".git/info/exclude").read_bytes() == before
    assert hidden(git, "app.py", "a", "x", "new.txt") == set()


def test_a_file_that_is_no_database_stays_visible(git: Git, tmp_path: Path) -> None:
    git.write("notes.txt", "my notes\n")
    (git.path / "link.db").symlink_to("notes.txt")
    os.mkfifo(git.path / "fifo.db")
    for name in ("notes.txt", "link.db", "fifo.db", ""):
        exclude_local_files(location_of(git), str(git.path / name))
    exclude_local_files(location_of(git), str(tmp_path / "elsewhere.db"))
    assert hidden(git, "notes.txt", "link.db", "fifo.db", "elsewhere.db") == set()


def test_the_rules_are_added_once_and_the_users_stay(git: Git) -> None:
    path = git.path / ".git/info/exclude"
    path.write_bytes(b"# mine\n*.tmp\r\nlast")
    path.chmod(0o640)
    for _ in range(2):
        exclude_local_files(location_of(git), str(git.path / "a b "))
    content = path.read_bytes()
    assert content.endswith(b"# mine\n*.tmp\r\nlast")
    assert content.count(b"/a\\ b\\ -wal\n") == 1
    assert path.stat().st_mode & 0o777 == 0o640
    assert git("status", "--porcelain") == ""
