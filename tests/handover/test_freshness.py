"""The snapshot: stale after every change that may count, fresh after all others."""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from support.git import Git
from support.locations import location_of

from gitver_hooks.handover import freshness, renewal
from gitver_hooks.handover.observation import OWN, Directory, Observation
from gitver_hooks.repository.repository import open_repository
from gitver_hooks.worktree.content import Content, read_content
from gitver_hooks.worktree.file_check import FileCheck


def remember(git: Git, *, untracked: bool = True) -> str:
    """Read the worktree, save the snapshot, and return its version id."""
    worktree = location_of(git.path)
    with open_repository(worktree, os.environ) as repository:
        content = read_content(repository, untracked=untracked)
    version = f"{content.commit}-{content.digest}"
    assert freshness.save(worktree, content.observation, version)
    return version


def fresh(git: Git) -> str | None:
    return freshness.fresh_version(location_of(git.path))


def snapshot_of(git: Git) -> bytes:
    return Path(location_of(git.path).state_dir, freshness.SNAPSHOT).read_bytes()


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
def test_what_may_change_the_version_makes_it_stale(
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
def test_what_cannot_change_the_version_leaves_it_fresh(
    git: Git, change: Callable[[Git], None]
) -> None:
    git.commit(**{"pkg/mod.py": "1\n", ".gitignore": "*.log\n__pycache__/\nbuild/\n"})
    git.write("old.log", "1\n")
    git.write("build/x.o", "1\n")
    version = remember(git)
    change(git)
    assert fresh(git) == version
    assert fresh(git) == version


def test_a_tracked_file_that_comes_back_under_an_ignore_rule_is_noticed(git: Git) -> None:
    git.commit(**{"out/kept.txt": "1\n", "pkg/mod.py": "1\n"})
    git.write(".git/info/exclude", "out/\n")
    shutil.rmtree(git.path / "out")
    remember(git)
    git.write("out/kept.txt", "2\n")
    assert fresh(git) is None


def test_a_pipe_that_becomes_a_file_is_noticed(git: Git) -> None:
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


def test_content_of_submodules_counts(make_git: Callable[..., Git]) -> None:
    inner = make_git("inner")
    inner.commit(inside="1\n")
    git = make_git("outer")
    git("submodule", "add", "-q", str(inner.path), "module")
    git.commit()
    version = remember(git)
    assert fresh(git) == version
    git.write("module/inside", "2\n")
    assert fresh(git) is None
    second = remember(git)
    assert second != version
    Git(git.path / "module")("commit", "-q", "-a", "-m", "inner")
    assert fresh(git) is None


def test_a_snapshot_is_renewed_after_an_expensive_comparison(git: Git) -> None:
    git.commit(**{".gitignore": "*.log\n"})
    version = remember(git)
    git.write("run.log", "1\n")
    settle()
    before = snapshot_of(git)
    assert fresh(git) == version
    assert snapshot_of(git) != before
    renewed = snapshot_of(git)
    assert fresh(git) == version
    assert snapshot_of(git) == renewed


def settle() -> None:
    """Let the filesystem's clock tick."""
    time.sleep(0.02)


@pytest.mark.parametrize("cut", [0, 1, 30, 200, -1])
def test_a_damaged_snapshot_is_ignored(git: Git, cut: int) -> None:
    remember(git)
    path = Path(location_of(git.path).state_dir, freshness.SNAPSHOT)
    path.write_bytes(path.read_bytes()[:cut])
    assert fresh(git) is None


def test_a_worktree_on_another_filesystem_than_its_git_dir_has_a_snapshot(
    git: Git, place: Path
) -> None:
    linked = Git(place / "linked")
    git("worktree", "add", "-q", str(linked.path))
    settle()
    version = remember(linked)
    assert fresh(linked) == version
    linked.write("app.py", "print('HELLO')\n")
    assert fresh(linked) is None


def test_a_worktree_that_is_reached_by_a_link_is_watched(git: Git) -> None:
    link = git.path.parent / "link"
    link.symlink_to(git.path)
    reached = Git(link)
    version = remember(reached)
    assert fresh(reached) == version
    git.write("new.py", "1\n")
    assert fresh(reached) is None


def test_a_moved_worktree_is_identified_again(git: Git) -> None:
    remember(git)
    git.path = git.path.rename(git.path.parent / "elsewhere")
    assert fresh(git) is None


def test_no_snapshot_is_saved_if_the_state_cannot_be_written(git: Git) -> None:
    Path(location_of(git.path).state_dir).write_text("in the way")
    with open_repository(location_of(git.path), os.environ) as repository:
        content = read_content(repository)
    assert not freshness.save(location_of(git.path), content.observation, "v")
    assert fresh(git) is None


def test_a_file_from_the_future_is_never_trusted(git: Git) -> None:
    with open_repository(location_of(git.path), os.environ) as repository:
        content = read_content(repository)
        observation = content.observation
    directory = observation.directories[0]
    year_2242 = 2**33 * 10**9
    status = cast(
        os.stat_result,
        SimpleNamespace(
            st_mtime_ns=0, st_ctime_ns=year_2242, st_size=5, st_mode=0o100644, st_ino=1
        ),
    )
    assert observation.sound
    observation.file(directory, b"future", status)
    assert not observation.sound
    assert not freshness.save(location_of(git.path), observation, "v")


def test_a_change_after_the_clock_was_read_makes_an_observation_unsound(git: Git) -> None:
    observation = Observation(location_of(git.path).state_dir)
    directory = observation.directory(b"", os.fsencode(git.path), OWN)
    assert observation.sound
    settle()
    observation.file(directory, b"app.py", (git.path / "app.py").stat())
    assert observation.sound
    git.write("app.py", "print('HELLO')\n")
    observation.file(directory, b"app.py", (git.path / "app.py").stat())
    assert not observation.sound
    assert observation.youngest_ns == (git.path / "app.py").stat().st_ctime_ns


def test_a_change_in_the_tick_of_the_clock_makes_an_observation_unsound(git: Git) -> None:
    observation = Observation(location_of(git.path).state_dir)
    status = (git.path / "app.py").stat()
    directory = Directory(b"", OWN, status.st_ctime_ns, (0, 0))
    observation.file(directory, b"app.py", status)
    assert not observation.sound


def test_the_check_imports_the_standard_library_only(git: Git) -> None:
    import subprocess

    remember(git)
    code = (
        "import sys; before = set(sys.modules)\n"
        "from gitver_hooks.gitfiles import location\n"
        "from gitver_hooks.handover import freshness\n"
        f"assert freshness.fresh_version(location.find({str(git.path)!r}, {{}}))\n"
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


# Edits of the same size within one tick of the filesystem's clock


@pytest.fixture(params=["the usual filesystem", "tmpfs"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    if request.param == "the usual filesystem":
        yield tmp_path
        return
    if not is_tmpfs("/dev/shm"):
        pytest.skip("/dev/shm is not a tmpfs here")
    path = Path(tempfile.mkdtemp(dir="/dev/shm"))
    yield path
    shutil.rmtree(path)


def gives_each_change_its_own_time(place: Path) -> bool:
    path = place / "probe"
    times = []
    for number in range(50):
        path.write_text(f"{number:07}\n")
        times.append(path.stat().st_ctime_ns)
    return len(set(times)) == len(times)


def is_tmpfs(path: str) -> bool:
    try:
        lines = Path("/proc/mounts").read_text().splitlines()
    except OSError:
        return False
    return any(line.split()[1:3] == [path, "tmpfs"] for line in lines)


def wrong_answers(place: Path, edits: int, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The numbers of the edits of the same size that go unnoticed.

    Half of them are made while the worktree is read, right before and right after the file is, as
    by an editor that runs beside it; the others right after the snapshot was saved.
    """
    (place / "app").mkdir()
    git = Git(place / "app")
    git("init", "-q")
    git.commit(**{"app.py": "0000000\n", "pkg/mod.py": "0\n"})
    worktree = location_of(git.path)
    path = os.path.join(worktree.worktree, "app.py")
    numbers = iter(range(10**7))
    pending = [False]
    look = FileCheck.tracked

    def look_while_it_is_edited(self: FileCheck, entry: os.DirEntry[bytes], *rest: Any) -> None:
        meddle = pending[0] and entry.name == b"app.py"
        if meddle:
            pending[0] = False
            rewrite(path, next(numbers))
        look(self, entry, *rest)
        if meddle:
            rewrite(path, next(numbers))

    monkeypatch.setattr(FileCheck, "tracked", look_while_it_is_edited)
    wrong = []
    with open_repository(worktree, os.environ) as repository:
        for number in range(edits):
            rewrite(path, next(numbers))
            pending[0] = number % 2 == 0
            content = read_content(repository)
            freshness.save(worktree, content.observation, content.digest)
            if number % 2:
                rewrite(path, next(numbers))
            if freshness.fresh_version(worktree) is not None and not is_now(content, path):
                wrong.append(number)
    return wrong


def is_now(content: Content, path: str) -> bool:
    """Whether the content that was read is what the file holds now."""
    (change,) = content.changes
    data = Path(path).read_bytes()
    blob = hashlib.sha1(b"blob %d\0%b" % (len(data), data)).hexdigest()
    return change.new is not None and change.new.id == blob.encode()


def rewrite(path: str, number: int) -> None:
    with open(path, "r+") as file:
        file.write(f"{number:07}\n")


def test_no_edit_of_the_same_size_in_the_same_tick_is_missed(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert wrong_answers(place, 300, monkeypatch) == []


@pytest.mark.long
def test_none_of_thousands_of_edits_in_the_same_tick_is_missed(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert wrong_answers(place, 3000, monkeypatch) == []


def test_without_the_clock_rule_edits_would_be_missed(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The tests above can fail: with an observation that is always sound, they do."""
    if gives_each_change_its_own_time(place):
        pytest.skip("this filesystem gives every change a time of its own (Linux 6.13 and later)")

    def trust(self: Observation, ctime_ns: int) -> None:
        pass

    monkeypatch.setattr(Observation, "_too_young", trust)
    assert wrong_answers(place, 300, monkeypatch) != []


def test_an_empty_folder_of_a_submodule_that_becomes_a_repository_is_noticed(git: Git) -> None:
    nested = Git(git.path / "sub")
    nested.path.mkdir()
    nested("init", "-q")
    nested.commit("inner", inside="x")
    git.commit("with a link to it")
    shutil.rmtree(nested.path)
    nested.path.mkdir()
    before = remember(git)
    nested("init", "-q")
    nested.commit("another", inside="y")
    assert fresh(git) is None
    assert remember(git) != before


# Submodules


@pytest.fixture
def outer(make_git: Callable[..., Git]) -> Git:
    """A clone of a repository with the submodules ``module`` and ``deep/module``, not filled."""
    inner, first = make_git("inner"), make_git("first")
    inner.commit(inside="1\n")
    for path in ("module", "deep/module"):
        first("submodule", "add", "-q", str(inner.path), path)
    first.commit()
    first("clone", "-q", str(first.path), str(first.path.parent / "outer"))
    return Git(first.path.parent / "outer")


def remove_empty_folder(git: Git) -> None:
    (git.path / "module").rmdir()


def remove_parent_folder(git: Git) -> None:
    shutil.rmtree(git.path / "deep")


def replace_folder_by_ignored_file(git: Git) -> None:
    (git.path / "module").rmdir()
    git.write("module", "1\n")


@pytest.mark.parametrize(
    "change", [remove_empty_folder, remove_parent_folder, replace_folder_by_ignored_file]
)
def test_a_removed_folder_of_a_submodule_makes_it_stale(
    outer: Git, change: Callable[[Git], None]
) -> None:
    outer.write(".git/info/exclude", "module\n")
    version = remember(outer)
    assert fresh(outer) == version
    change(outer)
    assert fresh(outer) is None
    assert remember(outer) != version


def test_a_submodule_that_is_deinitialised_and_removed_makes_it_stale(outer: Git) -> None:
    outer("submodule", "update", "-q", "--init")
    remember(outer)
    outer("submodule", "deinit", "-q", "-f", "module")
    assert fresh(outer) is None
    version = remember(outer)
    assert fresh(outer) == version
    (outer.path / "module").rmdir()
    assert fresh(outer) is None


def test_the_folder_of_a_submodule_stays_watched_when_a_snapshot_is_renewed(outer: Git) -> None:
    outer.write(".git/info/exclude", "*.log\n")
    version = remember(outer)
    outer.write("run.log", "1\n")
    settle()
    before = snapshot_of(outer)
    assert fresh(outer) == version
    assert snapshot_of(outer) != before
    (outer.path / "module").rmdir()
    assert fresh(outer) is None


# Guards


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


def test_a_snapshot_is_not_renewed_within_a_tick_of_the_clock(
    git: Git, monkeypatch: pytest.MonkeyPatch
) -> None:
    git.commit(**{".gitignore": "*.log\n"})
    version = remember(git)
    git.write("run.log", "1\n")
    status = git.path.stat()
    monkeypatch.setattr(renewal, "read_clock", lambda _: (status.st_dev, status.st_ctime_ns))
    before = snapshot_of(git)
    assert fresh(git) == version
    assert snapshot_of(git) == before
    monkeypatch.setattr(renewal, "read_clock", lambda _: (status.st_dev, status.st_ctime_ns + 1))
    assert fresh(git) == version
    assert snapshot_of(git) != before


def test_a_snapshot_is_not_renewed_for_an_index_written_in_the_same_tick(
    git: Git, monkeypatch: pytest.MonkeyPatch
) -> None:
    version = remember(git)
    settle()
    git("update-index", "--force-write-index")
    status = (git.path / ".git" / "index").stat()
    monkeypatch.setattr(renewal, "read_clock", lambda _: (status.st_dev, status.st_ctime_ns))
    before = snapshot_of(git)
    assert fresh(git) == version
    assert snapshot_of(git) == before


def test_the_first_commit_of_a_nested_repository_makes_it_stale(git: Git) -> None:
    nested = Git(git.path / "nested")
    git("init", "-q", "nested")
    nested.write("inside", "1\n")
    version = remember(git)
    assert fresh(git) == version
    nested.commit()
    assert fresh(git) is None
    assert remember(git) != version
