"""The content of a worktree: what counts, what is an error, and what is never opened."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from support.contents import content_of
from support.git import Git
from support.oracle import oracle_tree

from gitver_hooks.common.errors import GitverError
from gitver_hooks.gitfiles.index import read_index
from gitver_hooks.repository.repository import open_repository
from gitver_hooks.worktree import observed_index
from gitver_hooks.worktree.content import read_content, read_new_blob, read_old_blob
from gitver_hooks.worktree.tree import Change


def test_a_clean_worktree_is_the_tree_of_head(git: Git) -> None:
    content = content_of(git)
    assert content.tree == content.head_tree == git("rev-parse", "HEAD^{tree}")
    assert content.commit == git("rev-parse", "HEAD")
    assert not content.dirty
    assert content.changes == ()


def test_changes_are_sorted_and_have_both_sides(git: Git) -> None:
    git.commit(**{"b": "1\n", "gone": "1\n", "file/x": "1\n"})
    git.write("b", "2\n")
    (git.path / "b").chmod(0o755)
    (git.path / "gone").unlink()
    shutil.rmtree(git.path / "file")
    git.write("file", "now a file\n")
    git.write("dir/new", "new\n")
    with open_repository(git.path, os.environ) as repository:
        content = read_content(repository)
        seen = [
            (
                change.path,
                change.old and change.old.mode,
                change.new and change.new.mode,
                read_old_blob(content, change),
                read_new_blob(content, change),
            )
            for change in content.changes
        ]
    assert seen == [
        (b"b", 0o100644, 0o100755, b"1\n", b"2\n"),
        (b"dir/new", None, 0o100644, b"", b"new\n"),
        (b"file", None, 0o100644, b"", b"now a file\n"),
        (b"file/x", 0o100644, None, b"1\n", b""),
        (b"gone", 0o100644, None, b"1\n", b""),
    ]


def test_new_blobs_are_those_that_git_would_store(git: Git) -> None:
    git.write(".gitattributes", "*.txt text\n")
    git.write("a.txt", "1\r\n")
    (git.path / "link").symlink_to("a.txt")
    with open_repository(git.path, os.environ) as repository:
        content = read_content(repository)
        changes = {change.path: change for change in content.changes}
        assert read_new_blob(content, changes[b"a.txt"]) == b"1\n"
        assert read_new_blob(content, changes[b"link"]) == b"a.txt"


def test_a_blob_that_has_changed_is_an_error(git: Git) -> None:
    git.write("new", "1\n")
    with open_repository(git.path, os.environ) as repository:
        content = read_content(repository)
        (change,) = content.changes
        git.write("new", "2\n")
        with pytest.raises(GitverError, match="'new' changed"):
            read_new_blob(content, change)


def test_before_the_first_commit_everything_is_new(make_git: Callable[..., Git]) -> None:
    git = make_git()
    git.write("a", "1\n")
    content = content_of(git)
    assert (content.head_tree, content.commit, content.dirty) == (None, None, True)
    assert [change.path for change in content.changes] == [b"a"]
    assert content.tree == oracle_tree(git.path)


def test_a_digest_depends_neither_on_the_clone_nor_on_what_is_staged(git: Git) -> None:
    git.commit(b="1\n")
    clone = Git(git.path.parent / "clone")
    subprocess.run(["git", "clone", "-q", git.path, clone.path], check=True)
    for worktree in (git, clone):
        worktree.write("b", "2\n")
        worktree.write("new", "3\n")
    clone("add", "b")
    clone("add", "-N", "new")
    clone("config", "core.excludesFile", "/dev/null")
    assert content_of(git).digest == content_of(clone).digest
    clone("update-index", "--assume-unchanged", "b")
    assert content_of(git).digest == content_of(clone).digest


def test_untracked_files_can_be_left_out(git: Git) -> None:
    git.write("new", "1\n")
    assert content_of(git).dirty
    assert not content_of(git, untracked=False).dirty
    git("add", "-N", "new")
    assert content_of(git, untracked=False).dirty


@pytest.mark.parametrize("tracked", [False, True])
def test_the_active_model_file_never_counts(git: Git, tracked: bool) -> None:
    if tracked:
        git.write(".mlflow-active-model", "m-1\n")
        git("add", "-f", ".mlflow-active-model")
        git.commit()
    git.write(".mlflow-active-model", "m-2\n")
    assert not content_of(git).dirty
    git("add", "-f", ".mlflow-active-model")
    assert not content_of(git).dirty
    (git.path / ".mlflow-active-model").unlink()
    git("rm", "-q", "--cached", ".mlflow-active-model")
    content = content_of(git)
    assert (content.dirty, content.tree) == (False, content.head_tree)


def test_local_files_of_mlflow_do_not_count_unless_they_are_tracked(git: Git) -> None:
    git.write("mlflow.db", "1\n")
    git.write("sub/mlruns/0/meta.yaml", "1\n")
    assert not content_of(git).dirty
    git("add", "-f", "mlflow.db")
    assert content_of(git).dirty


def test_a_dirty_submodule_changes_the_digest_and_not_the_tree(
    make_git: Callable[..., Git],
) -> None:
    inner, git = make_git("inner"), make_git("outer")
    inner.commit(inside="1\n")
    git("submodule", "add", "-q", str(inner.path), "module")
    git.commit()
    clean = content_of(git)
    assert not clean.dirty
    digests = {clean.digest}
    for text in ("2\n", "3\n"):
        git.write("module/inside", text)
        content = content_of(git)
        assert content.dirty
        assert content.tree == clean.tree
        assert [path for path, _ in content.submodules] == [b"module"]
        digests.add(content.digest)
    assert len(digests) == 3
    Git(git.path / "module")("commit", "-q", "-a", "-m", "x")
    content = content_of(git)
    assert content.tree == oracle_tree(git.path) != clean.tree
    (change,) = content.changes
    assert read_old_blob(content, change).startswith(b"Subproject commit ")
    assert read_new_blob(content, change) != read_old_blob(content, change)


def test_a_submodule_that_is_not_initialised_is_unchanged(make_git: Callable[..., Git]) -> None:
    inner, git = make_git("inner"), make_git("outer")
    inner.commit(inside="1\n")
    git("submodule", "add", "-q", str(inner.path), "module")
    git.commit()
    clone = Git(git.path.parent / "clone")
    subprocess.run(["git", "clone", "-q", git.path, clone.path], check=True)
    assert not content_of(clone).dirty


def test_files_of_a_nested_repository_without_a_commit_count(git: Git) -> None:
    git("init", "-q", "nested")
    git.write("nested/a", "1\n")
    first = content_of(git)
    git.write("nested/a", "2\n")
    assert content_of(git).digest != first.digest


def test_rules_of_parent_folders_apply_in_a_nested_repository_without_a_commit(
    git: Git,
) -> None:
    git.commit(**{".gitignore": "*.log\n"})
    git("init", "-q", "sub/nested")
    git.write("sub/nested/x.log", "1\n")
    assert not content_of(git).dirty


def test_the_configuration_of_the_worktree_takes_precedence(git: Git) -> None:
    git("config", "extensions.worktreeConfig", "true")
    git("config", "core.fileMode", "true")
    git("worktree", "add", "-q", "../linked")
    linked = Git(git.path.parent / "linked")
    linked("config", "--worktree", "core.fileMode", "false")
    for worktree in (git, linked):
        (worktree.path / "app.py").chmod(0o755)
    assert content_of(git).dirty
    assert not content_of(linked).dirty


def test_included_configuration_counts(git: Git) -> None:
    git.write("../more", "[core]\n\tfileMode = false\n")
    git("config", "--unset", "core.fileMode")
    git("config", "include.path", "../../more")
    (git.path / "app.py").chmod(0o755)
    assert not content_of(git).dirty


def test_a_relative_excludes_file_is_relative_to_the_root(git: Git) -> None:
    git.write("sub/rules", "*.log\n")
    git.write("sub/x.log", "1\n")
    git.commit()
    git("config", "core.excludesFile", "sub/rules")
    git.write("y.log", "1\n")
    assert content_of(git).tree == oracle_tree(git.path)


# Odd files and broken repositories


def test_special_files_are_never_opened(git: Git) -> None:
    os.mkfifo(git.path / "pipe")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(os.path.relpath(git.path / "socket"))
    (git.path / "loop").symlink_to("loop")
    (git.path / "up").symlink_to("..")
    os.mkfifo(git.path / ".gitattributes")
    content = content_of(git)
    assert [change.path for change in content.changes] == [b"loop", b"up"]


def test_a_pipe_in_the_place_of_a_tracked_file_is_a_deletion(git: Git) -> None:
    (git.path / "app.py").unlink()
    os.mkfifo(git.path / "app.py")
    assert [(c.path, c.new) for c in content_of(git).changes] == [(b"app.py", None)]


def test_files_that_appear_or_vanish_during_the_walk_are_no_error(git: Git) -> None:
    git.commit(**{f"pkg{i}/mod.py": f"{i}\n" for i in range(20)})
    stop = threading.Event()

    def churn() -> None:
        while not stop.is_set():
            for i in range(20):
                (git.path / f"pkg{i}" / "mod.py").unlink()
                shutil.rmtree(git.path / f"pkg{i}")
                git.write(f"pkg{i}/mod.py", f"{i}\n")

    thread = threading.Thread(target=churn)
    thread.start()
    try:
        for _ in range(50):
            content_of(git)
    finally:
        stop.set()
        thread.join()
    assert not content_of(git).dirty


@contextmanager
def unprivileged() -> Iterator[Path]:
    """A folder that an unprivileged user can reach."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o777)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


@contextmanager
def bound_by_permissions() -> Iterator[None]:
    """Run as a user whom permissions bind; the repository is opened before, by its owner."""
    before = os.geteuid()
    if before == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(before)


def test_a_tracked_file_that_cannot_be_read_is_an_error_that_names_it() -> None:
    with unprivileged() as folder:
        git = Git(folder / "app")
        git.path.mkdir()
        git("init", "-q")
        git.commit(**{"secret.py": "1\n", "closed/x.py": "1\n"})
        git.write("secret.py", "22\n").chmod(0)
        with (
            open_repository(git.path, os.environ) as repository,
            bound_by_permissions(),
            pytest.raises(GitverError, match=r"app/secret\.py"),
        ):
            read_content(repository)
        (git.path / "secret.py").chmod(0o644)
        (git.path / "closed").chmod(0)
        with (
            open_repository(git.path, os.environ) as repository,
            bound_by_permissions(),
            pytest.raises(GitverError, match="app/closed"),
        ):
            read_content(repository)


def test_an_untracked_file_that_cannot_be_read_is_left_out() -> None:
    with unprivileged() as folder:
        git = Git(folder / "app")
        git.path.mkdir()
        git("init", "-q")
        git.commit(**{"a.py": "1\n"})
        git.write("dump", "22\n").chmod(0)
        git.write("closed/x", "1\n").parent.chmod(0)
        with open_repository(git.path, os.environ) as repository, bound_by_permissions():
            assert not read_content(repository).dirty


def test_a_file_a_thousand_folders_deep_is_read(make_git: Callable[..., Git]) -> None:
    git = make_git()
    bottom = "/".join(["d"] * 1000)
    subprocess.run(["mkdir", "-p", git.path / bottom], check=True)
    git.write(f"{bottom}/x", "1\n")
    git("add", "-A")
    git("commit", "-q", "-m", "deep")
    git.write(f"{bottom}/y", "2\n")
    git.write(f"{bottom}/.gitignore", "x\n")
    content = content_of(git)
    assert content.tree == oracle_tree(git.path)
    assert len(content.changes) == 2
    subprocess.run(["rm", "-rf", git.path / "d"], check=True)


def test_a_broken_repository_is_an_error_that_names_it(git: Git) -> None:
    git.write("app.py", "2\n")
    shutil.rmtree(git.path / ".git" / "objects")
    (git.path / ".git" / "objects").mkdir()
    with pytest.raises(GitverError, match=r"app/\.git"):
        content_of(git)


def test_the_index_is_never_written(git: Git) -> None:
    (git.path / "app.py").touch()
    before = (git.path / ".git" / "index").read_bytes(), (git.path / ".git" / "index").stat()
    content_of(git)
    after = (git.path / ".git" / "index").read_bytes(), (git.path / ".git" / "index").stat()
    assert (before[0], before[1].st_mtime_ns) == (after[0], after[1].st_mtime_ns)


def test_a_change_is_plain_data(git: Git) -> None:
    git.write("app.py", "2\n")
    (change,) = content_of(git).changes
    assert change == Change(b"app.py", change.old, change.new)
    assert change.new is not None
    assert change.new.id.decode() == git("hash-object", "app.py")


def test_the_files_that_mlflow_writes_do_not_count_even_if_tracked(git: Git) -> None:
    git.commit(**{"mlflow.db": "1", "mlruns/0/meta.yaml": "1", "deep/mlartifacts/a": "1"})
    git.write("mlflow.db", "2")
    git.write("mlruns/0/meta.yaml", "2")
    git.write("mlruns/1/meta.yaml", "2")
    (git.path / "deep/mlartifacts/a").unlink()
    assert not content_of(git).dirty
    (git.path / "mlflow.db").unlink()
    shutil.rmtree(git.path / "mlruns")
    assert not content_of(git).dirty
    git.write("app.py", "changed")
    assert [change.path for change in content_of(git).changes] == [b"app.py"]


def test_a_tracked_file_named_after_mlflows_store_counts(git: Git) -> None:
    git.commit(**{"mlflow.db_tools.py": "1"})
    git.write("mlflow.db_tools.py", "2")
    git.write("mlflow.db.py", "new")
    changes = [change.path for change in content_of(git).changes]
    assert changes == [b"mlflow.db.py", b"mlflow.db_tools.py"]


def test_a_repository_in_place_of_a_tracked_file_counts_even_if_ignored(git: Git) -> None:
    git.commit(a="a")
    (git.path / "a").unlink()
    nested = Git(git.path / "a")
    nested.path.mkdir()
    nested("init", "-q")
    nested.commit("inner", inside="x")
    git.write(".gitignore", "*\n")
    assert content_of(git).tree == oracle_tree(git.path)


def test_a_directory_with_the_name_of_the_active_model_file_counts_like_any_other(git: Git) -> None:
    git.write(".mlflow-active-model/notes", "1\n")
    git("add", "-f", ".mlflow-active-model")
    git.commit()
    assert not content_of(git).dirty
    git.write(".mlflow-active-model/notes", "2\n")
    content = content_of(git)
    assert [change.path for change in content.changes] == [b".mlflow-active-model/notes"]
    assert content.tree == oracle_tree(git.path)
    git("rm", "-q", "-r", "-f", "--cached", ".mlflow-active-model")
    shutil.rmtree(git.path / ".mlflow-active-model")
    git.write(".mlflow-active-model", "m-1\n")
    assert [change.new for change in content_of(git).changes] == [None]


@pytest.mark.parametrize(("age_ns", "trusted"), [(0, False), (1, True)])
def test_stat_data_is_trusted_only_if_it_is_older_than_the_index(
    git: Git, monkeypatch: pytest.MonkeyPatch, age_ns: int, trusted: bool
) -> None:
    status = (git.path / "app.py").stat()
    index = read_index(str(git.path / ".git"))
    record = index.entries[b"app.py"]
    index.entries[b"app.py"] = record[:40] + b"\1" * 20 + record[60:]
    index.trees.clear()
    index.mtime_ns = max(status.st_mtime_ns, status.st_ctime_ns) + age_ns
    monkeypatch.setattr(observed_index, "read_index", lambda *_: index)
    assert content_of(git).dirty == trusted
