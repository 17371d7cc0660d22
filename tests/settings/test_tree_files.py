"""Files that the tree names: only small regular ones inside of it are read, without waiting."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest
from support.sqlite_stores import unprivileged

from gitver_hooks.common.errors import GitverError
from gitver_hooks.settings import tree_files
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
    with pytest.raises(GitverError, match="is outside of"):
        read_tree_file(str(tree), name)
    with pytest.raises(GitverError, match="is outside of"):
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


@pytest.mark.timeout(30)
@pytest.mark.parametrize("swap", ["link", "fifo"])
def test_a_file_that_is_swapped_after_the_first_look_is_not_read(
    tree: Path, monkeypatch: pytest.MonkeyPatch, swap: str
) -> None:
    path = tree / "sub" / "a.yaml"
    lstat = os.lstat

    def look_and_swap(name: str) -> os.stat_result:
        status = lstat(name)
        path.unlink()
        path.symlink_to(tree.parent / "secret.yaml") if swap == "link" else os.mkfifo(path)
        return status

    # Resolving the path looks at the file as well, but earlier.
    monkeypatch.setattr(tree_files, "resolve_inside", lambda folder, name: str(path))
    monkeypatch.setattr(os, "lstat", look_and_swap)
    with pytest.raises(GitverError, match=r"cannot be read|is not a regular file"):
        read_tree_file(str(tree), "sub/a.yaml")


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


def test_the_root_folder_contains_all_others() -> None:
    assert resolve_inside("/", "nowhere/file") == "/nowhere/file"


def test_the_messages_name_the_file_and_say_what_to_do(tree: Path) -> None:
    (tree / "large").write_bytes(b"#" * (LARGEST_FILE + 1))
    (tree / "secret").write_text("x")
    (tree / "secret").chmod(0)
    with unprivileged(tree):
        assert [problem(tree, name) for name in ("../a", ".git/b", "sub", "large", "secret")] == [
            f"'../a' is outside of {tree}; name a file inside it",
            "'.git/b' is one of git's own files; name a file of the worktree",
            f"'{tree}/sub' is not a regular file; replace it with one",
            f"'{tree}/large' is larger than 1 MiB; shorten it",
            f"'{tree}/secret' cannot be read: Permission denied; correct it",
        ]


def problem(tree: Path, name: str) -> str:
    with pytest.raises(GitverError) as caught:
        read_tree_file(str(tree), name)
    return str(caught.value)


def test_a_file_that_is_replaced_while_it_is_opened_is_not_read(
    tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever controls the tree may exchange it between the look and the opening."""
    path = tree / "sub" / "a.yaml"
    open_file = tree_files._open_without_waiting

    def exchange(replacement: Callable[[], None]) -> Callable[[str, int], int]:
        def exchange_and_open(name: str, flags: int) -> int:
            path.unlink()
            replacement()
            return open_file(name, flags)

        return exchange_and_open

    monkeypatch.setattr(
        tree_files,
        "_open_without_waiting",
        exchange(lambda: path.symlink_to(tree.parent / "secret.yaml")),
    )
    assert "cannot be read" in problem(tree, "sub/a.yaml")
    path.unlink()
    path.write_text("a: 1\n")
    monkeypatch.setattr(tree_files, "_open_without_waiting", exchange(lambda: os.mkfifo(path)))
    assert "is not a regular file" in problem(tree, "sub/a.yaml")
