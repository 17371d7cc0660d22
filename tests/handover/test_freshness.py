"""The snapshot: stale after every change that may count, fresh after all others."""

from __future__ import annotations

import os
import shutil
import stat
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from support.git import Git
from support.locations import location_of
from support.snapshots import fresh, remember, settle

from gitver_hooks.handover import freshness
from gitver_hooks.repository.repository import open_repository
from gitver_hooks.worktree.content import read_content


def test_nothing_is_fresh_before_there_is_a_snapshot(git: Git) -> None:
    assert fresh(git) is None


def test_an_untouched_worktree_is_fresh(git: Git) -> None:
    version = remember(git)
    assert fresh(git) == version


def test_the_snapshot_can_be_read_by_its_owner_only(git: Git) -> None:
    remember(git)
    mode = Path(location_of(git.path).state_dir, freshness.SNAPSHOT).stat().st_mode
    assert stat.S_IMODE(mode) == 0o600


def edit(git: Git) -> None:
    git.write("app.py", "print('other')\n")


def add_untracked(git: Git) -> None:
    git.write("pkg/new.py", "1\n")


def delete(git: Git) -> None:
    (git.path / "app.py").unlink()


def make_executable(git: Git) -> None:
    (git.path / "app.py").chmod(0o755)


def replace_by_link(git: Git) -> None:
    (git.path / "app.py").unlink()
    (git.path / "app.py").symlink_to("pkg")


def restore_times(git: Git) -> None:
    """As rsync and tar do: other content, the old mtime and size."""
    path = git.path / "app.py"
    before = path.stat()
    path.write_text("print('HELLO')\n")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def commit(git: Git) -> None:
    git("commit", "-q", "--allow-empty", "-m", "more")


def switch(git: Git) -> None:
    git("checkout", "-q", "-b", "other")


def stage(git: Git) -> None:
    git("rm", "-q", "--cached", "app.py")


def ignore_more(git: Git) -> None:
    git.write(".gitignore", "*.log\nextra.txt\n")


def exclude(git: Git) -> None:
    git.write(".git/info/exclude", "extra.txt\n")


def set_excludes_file(git: Git) -> None:
    git("config", "core.excludesFile", str(git.path / "extra.txt"))


def write_default_excludes(git: Git) -> None:
    path = Path(os.environ["HOME"], ".config", "git", "ignore")
    path.parent.mkdir(parents=True)
    path.write_text("extra.txt\n")


def write_info_attributes(git: Git) -> None:
    git.write(".git/info/attributes", "* text\n")


def change_user_configuration(git: Git) -> None:
    with Path(os.environ["HOME"], ".gitconfig").open("a") as file:
        file.write("[core]\n\tautocrlf = input\n")


def nest_a_repository(git: Git) -> None:
    git("init", "-q", "pkg/nested")


def init_in_a_folder(git: Git) -> None:
    git("init", "-q", "pkg")


def replace_folder_by_link(git: Git) -> None:
    (git.path / "pkg").rename(git.path / "ignored.log")
    (git.path / "pkg").symlink_to("ignored.log")


def pack_and_move_on(git: Git) -> None:
    git("pack-refs", "--all")
    git("update-ref", "refs/heads/main", git("commit-tree", "-m", "x", "HEAD^{tree}"))


@pytest.mark.parametrize(
    "change",
    [
        edit, add_untracked, delete, make_executable, replace_by_link, restore_times, commit,
        switch, stage, ignore_more, exclude, set_excludes_file, write_default_excludes,
        write_info_attributes, change_user_configuration, nest_a_repository, init_in_a_folder,
        replace_folder_by_link, pack_and_move_on,
    ],
)  # fmt: skip
def test_a_change_that_may_affect_the_version_makes_it_stale(
    git: Git, change: Callable[[Git], None]
) -> None:
    git.commit(**{"pkg/mod.py": "1\n", ".gitignore": "*.log\n"})
    git.write("extra.txt", "2\n")
    remember(git)
    change(git)
    assert fresh(git) is None


def write_ignored(git: Git) -> None:
    git.write("run.log", "1\n")
    git.write("pkg/__pycache__/mod.pyc", "1\n")


def remove_ignored(git: Git) -> None:
    (git.path / "old.log").unlink()
    shutil.rmtree(git.path / "build")


def change_ignored(git: Git) -> None:
    git.write("old.log", "2\n")
    git.write("build/more/x.o", "2\n")


def write_journal(git: Git) -> None:
    git.write("mlflow.db-journal", "1\n")
    git.write("mlruns/0/meta.yaml", "1\n")


def write_active_model(git: Git) -> None:
    git.write(".mlflow-active-model", "m-2\n")


def make_pipe(git: Git) -> None:
    os.mkfifo(git.path / "pkg" / "pipe")


def refresh_index(git: Git) -> None:
    git("update-index", "--force-write-index")


def fetch_into_other_ref(git: Git) -> None:
    git("update-ref", "refs/remotes/origin/x", "HEAD")
    git("tag", "t")


@pytest.mark.parametrize(
    "change",
    [
        write_ignored, remove_ignored, change_ignored, write_journal, write_active_model, make_pipe,
        refresh_index, fetch_into_other_ref,
    ],
)  # fmt: skip
def test_a_change_that_cannot_affect_the_version_leaves_it_fresh(
    git: Git, change: Callable[[Git], None]
) -> None:
    git.commit(**{"pkg/mod.py": "1\n", ".gitignore": "*.log\n__pycache__/\nbuild/\n"})
    git.write("old.log", "1\n")
    git.write("build/x.o", "1\n")
    version = remember(git)
    change(git)
    assert fresh(git) == version
    assert fresh(git) == version


def test_a_tracked_file_that_reappears_under_an_ignore_rule_makes_it_stale(git: Git) -> None:
    git.commit(**{"out/kept.txt": "1\n", "pkg/mod.py": "1\n"})
    git.write(".git/info/exclude", "out/\n")
    shutil.rmtree(git.path / "out")
    remember(git)
    git.write("out/kept.txt", "2\n")
    assert fresh(git) is None


def test_a_pipe_that_becomes_a_file_makes_it_stale(git: Git) -> None:
    os.mkfifo(git.path / "pipe")
    remember(git)
    (git.path / "pipe").unlink()
    git.write("pipe", "1\n")
    assert fresh(git) is None


def test_without_untracked_files_only_tracked_ones_and_rules_count(git: Git) -> None:
    version = remember(git, untracked=False)
    git.write("new.py", "1\n")
    assert fresh(git) == version
    git.write(".gitattributes", "* text\n")
    assert fresh(git) is None


@pytest.mark.parametrize("cut", [0, 1, 30, 200, -1])
def test_a_damaged_snapshot_is_ignored(git: Git, cut: int) -> None:
    remember(git)
    path = Path(location_of(git.path).state_dir, freshness.SNAPSHOT)
    path.write_bytes(path.read_bytes()[:cut])
    assert fresh(git) is None


def test_a_worktree_on_another_filesystem_than_its_git_dir_has_a_snapshot(
    git: Git, filesystem: Path
) -> None:
    linked = Git(filesystem / "linked")
    git("worktree", "add", "-q", str(linked.path))
    settle()
    version = remember(linked)
    assert fresh(linked) == version
    linked.write("app.py", "print('HELLO')\n")
    assert fresh(linked) is None


def test_a_worktree_reached_by_a_link_has_a_snapshot(git: Git) -> None:
    link = git.path.parent / "link"
    link.symlink_to(git.path)
    reached = Git(link)
    version = remember(reached)
    assert fresh(reached) == version
    git.write("new.py", "1\n")
    assert fresh(reached) is None


def test_a_moved_worktree_is_stale(git: Git) -> None:
    remember(git)
    git.path = git.path.rename(git.path.parent / "elsewhere")
    assert fresh(git) is None


def test_no_snapshot_is_saved_if_the_state_cannot_be_written(git: Git) -> None:
    Path(location_of(git.path).state_dir).write_text("in the way")
    with open_repository(location_of(git.path), os.environ) as repository:
        content = read_content(repository)
    assert not freshness.save(location_of(git.path), content.observation, "v")
    assert fresh(git) is None


@pytest.mark.heavy
def test_the_check_imports_the_standard_library_only(git: Git) -> None:
    import subprocess

    remember(git)
    code = (
        "import sys; before = set(sys.modules)\n"
        "from gitver_hooks.gitfiles import location\n"
        "from gitver_hooks.handover import freshness\n"
        f"assert freshness.fresh_version(location.find_location({str(git.path)!r}, {{}}))\n"
        "print(*sorted(set(sys.modules) - before))"
    )
    done = subprocess.run(
        [sys.executable, "-S", "-c", code],
        cwd=Path(freshness.__file__).parents[2],
        capture_output=True,
        text=True,
        check=True,
    )
    slow = {"typing", "dataclasses", "json", "pathlib", "re", "subprocess", "hashlib", "tempfile"}
    assert not slow & set(done.stdout.split())
    assert all(
        name.startswith("gitver_hooks") or name.partition(".")[0] in sys.stdlib_module_names
        for name in done.stdout.split()
    )


def test_a_ref_that_moved_in_packed_refs_makes_it_stale(git: Git) -> None:
    git("pack-refs", "--all")
    other = git("commit-tree", "-m", "x", "HEAD^{tree}")
    settle()
    version = remember(git)
    assert fresh(git) == version
    packed = git.path / ".git" / "packed-refs"
    packed.write_text(packed.read_text().replace(git("rev-parse", "HEAD"), other))
    assert fresh(git) is None


def test_packed_refs_that_appear_make_it_stale(make_git: Callable[..., Git]) -> None:
    git = make_git()
    git.write("a", "1\n")
    git("add", "-A")
    commit = git("commit-tree", "-m", "x", git("write-tree"))
    version = remember(git)
    assert fresh(git) == version
    git.write(
        ".git/packed-refs",
        f"# pack-refs with: peeled fully-peeled sorted \n{commit} refs/heads/main\n",
    )
    assert fresh(git) is None


@pytest.mark.parametrize("storage", ["loose", "packed"])
def test_a_replaced_object_makes_it_stale(git: Git, storage: str) -> None:
    other = git("commit-tree", "-m", "x", git("mktree", "--missing"))
    remember(git)
    git("replace", git("rev-parse", "HEAD"), other)
    if storage == "packed":
        git("pack-refs", "--all")
    assert fresh(git) is None
    settle()
    remember(git)
    git("replace", "-d", git("rev-parse", "HEAD"))
    assert fresh(git) is None
