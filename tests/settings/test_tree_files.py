"""Files that the tree names: only small regular ones inside of it are read, without waiting."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from gitver_hooks.common.errors import GitverError
from gitver_hooks.settings.tree_files import LARGEST_FILE, read_tree_file, resolve_inside


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / "secret.yaml").write_text("key: secret\n")
    tree = tmp_path / "tree"
    (tree / "sub").mkdir(parents=True)
    (tree / ".git").mkdir()
    (tree / ".git" / "config").write_text("[core]\n")
    (tree / "sub" / "a.yaml").write_text("a: 1\n")
    return tree


def test_a_regular_file_is_read_also_through_links_that_stay_inside(tree: Path) -> None:
    (tree / "link.yaml").symlink_to("sub/a.yaml")
    (tree / "folder").symlink_to(tree / "sub")
    for name in ("sub/a.yaml", "link.yaml", "folder/a.yaml", "sub/../sub/a.yaml"):
        assert read_tree_file(str(tree), name) == b"a: 1\n"


def test_a_worktree_may_itself_be_reached_through_a_link(tree: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tree)
    assert read_tree_file(str(tmp_path / "link"), "sub/a.yaml") == b"a: 1\n"


def test_a_file_that_does_not_exist_has_no_content(tree: Path) -> None:
    (tree / "dangling").symlink_to("nowhere")
    for name in ("gone.yaml", "sub/a.yaml/below", "dangling"):
        assert read_tree_file(str(tree), name) is None


@pytest.mark.parametrize(
    ("name", "target"),
    [
        ("../secret.yaml", None),
        ("sub/../../secret.yaml", None),
        ("link.yaml", "../secret.yaml"),
        ("up/secret.yaml", ".."),
        ("twice.yaml", "up2"),
        ("../treex", None),
    ],
)
def test_nothing_outside_the_worktree_is_read(tree: Path, name: str, target: str | None) -> None:
    (tree / "up2").symlink_to("../secret.yaml")
    if target:
        (tree / name.partition("/")[0]).symlink_to(target)
    with pytest.raises(GitverError, match="leads out of"):
        read_tree_file(str(tree), name)
    with pytest.raises(GitverError, match="leads out of"):
        read_tree_file(str(tree), str(tree.parent / "secret.yaml"))


def test_gits_own_files_are_not_read(tree: Path) -> None:
    (tree / "config").symlink_to(".git/config")
    for name in (".git/config", "config", ".GIT/config"):
        with pytest.raises(GitverError, match="git's own files"):
            read_tree_file(str(tree), name)


def test_a_loop_of_links_is_an_error(tree: Path) -> None:
    (tree / "a").symlink_to("b")
    (tree / "b").symlink_to("a")
    with pytest.raises(GitverError):
        read_tree_file(str(tree), "a")


def test_only_regular_files_are_read_and_nothing_is_waited_for(tree: Path) -> None:
    os.mkfifo(tree / "fifo")
    with socket.socket(socket.AF_UNIX) as listening:
        folder = os.open(tree, os.O_RDONLY)
        try:
            listening.bind(f"/proc/self/fd/{folder}/socket")
        finally:
            os.close(folder)
    for name in ("fifo", "socket", "sub"):
        with pytest.raises(GitverError, match="is not a regular file"):
            read_tree_file(str(tree), name)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make devices")
def test_a_device_is_not_read(tree: Path) -> None:
    os.mknod(tree / "device", 0o666 | 0o020000, os.makedev(1, 5))
    with pytest.raises(GitverError, match="is not a regular file"):
        read_tree_file(str(tree), "device")


def test_a_large_file_is_not_read(tree: Path) -> None:
    (tree / "large").write_bytes(b"#" * LARGEST_FILE)
    assert len(read_tree_file(str(tree), "large") or b"") == LARGEST_FILE
    (tree / "large").write_bytes(b"#" * (LARGEST_FILE + 1))
    with pytest.raises(GitverError, match="larger than 1 MiB"):
        read_tree_file(str(tree), "large")


def test_a_path_that_does_not_exist_yet_can_be_resolved(tree: Path) -> None:
    assert resolve_inside(str(tree), "data/mlflow.db") == str(tree / "data" / "mlflow.db")
