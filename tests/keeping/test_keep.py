"""Keeping: every kind of edit becomes git objects that git itself finds complete."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from support.edits import EDITS, commit_files
from support.git import Git
from support.keeping import (
    MODEL_NAME,
    all_objects,
    assert_sound,
    capture_version,
    files_in,
    keep_version,
    kept,
    kept_refs,
    location_of,
    logged,
    ref_of,
)
from support.oracle import oracle_tree

from gitver_hooks.common.locks import FileLock
from gitver_hooks.keeping.capture import capture_again
from gitver_hooks.keeping.captured import captured_paths
from gitver_hooks.keeping.keep import keep_captured
from gitver_hooks.keeping.kept_refs import all_kept, delete_kept
from gitver_hooks.repository.repository import open_repository
from gitver_hooks.settings import load_settings
from gitver_hooks.version.identify import identify_worktree


@pytest.mark.parametrize("name", EDITS)
def test_the_tree_that_git_would_write_is_kept(name: str, git: Git) -> None:
    edit = EDITS[name]
    commit_files(git, edit)
    edit.change(git)
    tree = oracle_tree(git.path)
    version = keep_version(git)
    assert version.dirty
    found = kept(git, version)
    assert (found.cuts, found.submodules) == ((), ())
    assert found.tree == found.full_tree == version.tree == tree
    assert found.commit == git("rev-parse", "HEAD")
    assert found.model_name == MODEL_NAME
    assert_sound(git)
    assert logged(git) == ""


@pytest.mark.parametrize("name", ["text", "file-to-directory", "submodule-moved", "many-files"])
def test_sha256_repositories_are_kept(name: str, make_git: Callable[..., Git]) -> None:
    git = make_git("wide", "--object-format=sha256")
    edit = EDITS[name]
    commit_files(git, edit)
    edit.change(git)
    version = keep_version(git)
    assert kept(git, version).tree == oracle_tree(git.path)
    assert_sound(git)


def test_the_first_version_of_all_is_kept_before_any_commit(make_git: Callable[..., Git]) -> None:
    git = make_git()
    git.write("app.py", "1\n")
    version = keep_version(git)
    found = kept(git, version)
    assert found.commit is None
    assert found.tree == oracle_tree(git.path)
    assert_sound(git)


def test_a_clean_version_needs_no_keeping(git: Git) -> None:
    assert not keep_version(git).dirty
    assert kept_refs(git) == []


def test_nothing_is_kept_if_the_setting_says_so(git: Git) -> None:
    git("config", "gitver.keep", "off")
    git.write("app.py", "changed\n")
    before = all_objects(git)
    keep_version(git)
    assert kept_refs(git) == []
    assert all_objects(git) == before
    assert captured_paths(location_of(git)) == []


def test_the_bytes_are_those_of_the_moment_the_version_was_identified(git: Git) -> None:
    git.write("app.py", "first\n")
    version = capture_version(git)
    tree = oracle_tree(git.path)
    git.write("app.py", "second\n")
    keep_captured(location_of(git), os.environ)
    assert kept(git, version).tree == tree
    assert git("show", f"{ref_of(version)}:app.py") == "first"


def test_one_version_is_the_same_object_in_two_clones(git: Git, tmp_path: Path) -> None:
    other = Git(tmp_path / "other")
    git("clone", "-q", str(git.path), str(other.path))
    tags = set()
    for each in (git, other):
        each.write("app.py", "changed\n")
        tags.add(each("rev-parse", ref_of(keep_version(each))))
    assert len(tags) == 1


def test_nothing_of_it_is_to_be_seen(git: Git) -> None:
    shown = ("log --all --oneline", "branch -a", "tag", "status --porcelain", "stash list")
    git.write("app.py", "changed\n")
    before = [git(*command.split()) for command in shown]
    keep_version(git)
    assert [git(*command.split()) for command in shown] == before
    assert not Path(git.path, ".git/logs/refs/gitver").exists()


def test_a_plain_clone_and_a_plain_push_carry_nothing(git: Git, tmp_path: Path) -> None:
    git.write("app.py", "changed\n")
    version = keep_version(git)
    tree = kept(git, version).tree
    git("init", "-q", "--bare", str(tmp_path / "remote"))
    git("push", "-q", str(tmp_path / "remote"), "--all")
    git("push", "-q", str(tmp_path / "remote"), "--tags")
    git("clone", "-q", "--no-local", str(git.path), str(tmp_path / "clone"))
    for name in ("remote", "clone"):
        assert Git(tmp_path / name).run("cat-file", "-e", tree, check=False).returncode


def test_garbage_collection_leaves_it_alone(git: Git) -> None:
    git.write("app.py", "changed\n")
    git.write("new/file.py", "new\n")
    version = keep_version(git)
    files = files_in(git, ref_of(version))
    git("reset", "-q", "--hard")
    git("clean", "-qfd")
    for command in ("reflog expire --expire=now --all", "repack -adq", "gc -q --prune=now"):
        git(*command.split())
    assert files_in(git, ref_of(version)) == files
    assert git("show", f"{ref_of(version)}:new/file.py") == "new"
    assert_sound(git)


def test_few_objects_are_loose_and_many_are_one_pack(git: Git) -> None:
    git.write("app.py", "changed\n")
    keep_version(git)
    assert list(Path(git.path, ".git/objects/pack").iterdir()) == []
    for number in range(30):
        git.write(f"many/{number}.py", f"{number}\n")
    keep_version(git)
    packs = Path(git.path, ".git/objects/pack")
    assert sorted(path.suffix for path in packs.iterdir()) == [".idx", ".pack"]
    assert_sound(git)


def test_a_version_that_is_recorded_again_is_kept_once(git: Git) -> None:
    git.write("app.py", "changed\n")
    version = keep_version(git)
    before = all_objects(git)
    keep_version(git)
    assert kept_refs(git) == [ref_of(version)]
    assert all_objects(git) == before


def test_linked_worktrees_keep_in_the_repository_they_share(git: Git, tmp_path: Path) -> None:
    git("worktree", "add", "-q", str(tmp_path / "linked"), "-b", "other")
    linked = Git(tmp_path / "linked")
    linked.write("app.py", "changed there\n")
    version = keep_version(linked)
    assert kept(git, version).tree == oracle_tree(linked.path)
    assert_sound(git)


@pytest.mark.parametrize(
    "options", [("--shared",), ("--depth=1",), ("--filter=blob:none", "--no-checkout")]
)
def test_borrowed_shallow_and_partial_clones_are_kept(
    options: tuple[str, ...], git: Git, tmp_path: Path
) -> None:
    git.commit("second", **{"app.py": "2\n", "lib/module.py": "x\n"})
    git("config", "uploadpack.allowFilter", "true")
    clone = Git(tmp_path / "clone")
    source = str(git.path) if options == ("--shared",) else git.path.as_uri()
    git("clone", "-q", *options, source, str(clone.path))
    if "--no-checkout" in options:
        clone("sparse-checkout", "set", "--cone", "lib")
        clone("checkout", "-q", "main")
    clone.write("lib/module.py", "y\n")
    version = keep_version(clone)
    assert kept(clone, version).tree == version.tree
    files = files_in(clone, ref_of(version))
    clone("gc", "-q", "--prune=now")
    assert files_in(clone, ref_of(version)) == files
    assert clone.run("fsck", "--connectivity-only").returncode == 0


def test_a_dirty_submodule_is_kept_in_its_own_repository(git: Git) -> None:
    edit = EDITS["submodule-moved"]
    commit_files(git, edit)
    module = Git(git.path / "module")
    module.write("module.py", "dirty\n")
    version = keep_version(git)
    found = kept(git, version)
    assert found.cuts == ()
    ((inner, path),) = found.submodules
    assert path == b"module"
    assert kept_refs(module) == [f"refs/gitver/{inner}"]
    assert module("show", f"refs/gitver/{inner}:module.py") == "dirty"
    assert found.tree == version.tree == git("rev-parse", "HEAD^{tree}")
    assert_sound(module)
    assert_sound(git)


def test_a_submodule_that_is_gone_is_reported(git: Git) -> None:
    edit = EDITS["submodule-moved"]
    commit_files(git, edit)
    Git(git.path / "module").write("module.py", "dirty\n")
    version = capture_version(git)
    (git.path / "module").rename(git.path.parent / "elsewhere")
    keep_captured(location_of(git), os.environ)
    found = kept(git, version)
    assert [(cut.reason, cut.path) for cut in found.cuts] == [("submodule", b"module")]
    assert found.submodules == ()
    assert "module" in logged(git)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_nothing_is_written_to_a_submodule_that_belongs_to_another_user(git: Git) -> None:
    commit_files(git, EDITS["submodule-moved"])
    module = git.path / "module"
    Git(module).write("module.py", "dirty\n")
    version = capture_version(git)
    os.lchown(module, 54321, 54321)
    keep_captured(location_of(git), os.environ)
    os.lchown(module, 0, 0)
    assert [(cut.reason, cut.path) for cut in kept(git, version).cuts] == [("submodule", b"module")]
    assert kept_refs(Git(module)) == []
    assert "another user" in logged(git)


def test_replaced_objects_do_not_end_up_in_the_kept_tree(git: Git) -> None:
    commit_files(git, EDITS["text"])
    old = git("rev-parse", "HEAD:data")
    new = subprocess.run(
        ["git", "mktree"],
        cwd=git.path,
        input=git("ls-tree", "HEAD:lib") + "\n",
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    git("replace", old, new)
    git.write("app.py", "changed\n")
    version = keep_version(git)
    found = kept(git, version)
    assert git("show", f"{found.tree}:app.py") == "changed"
    git("replace", "-d", old)
    assert_sound(git)


def test_an_app_that_is_a_part_of_the_tree_is_kept_with_the_rest_of_head(git: Git) -> None:
    commit_files(git, EDITS["text"])
    git.write(".gitver.yaml", "paths: [lib]\n")
    git.commit("only lib counts")
    git.write("lib/deep/module.py", "x = 2\n")
    git.write("data/one.txt", "does not count\n")
    version = keep_version(git)
    assert version.id.startswith("tree-")
    found = kept(git, version)
    assert found.is_complete
    assert found.full_tree == version.tree
    assert git("show", f"{found.tree}:lib/deep/module.py") == "x = 2"
    assert git("show", f"{found.tree}:data/one.txt") == "one"
    assert_sound(git)


def test_the_sources_of_a_notebook_are_kept(git: Git) -> None:
    cell = '{"cell_type": "code", "source": "x = 1", "metadata": {}, "outputs": []}'
    notebook = '{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": []}'
    git.commit("a notebook", **{"book.ipynb": notebook})
    git.write("book.ipynb", notebook.replace("[]", f"[{cell}]"))
    version = keep_version(git)
    assert kept(git, version).tree == version.tree
    assert "x = 1" in git("show", f"{ref_of(version)}:book.ipynb")


def test_a_version_that_can_be_kept_more_completely_is(git: Git) -> None:
    git("config", "gitver.keepLimit", "10")
    git.write("data.bin", bytes(100))
    assert [cut.reason for cut in kept(git, keep_version(git)).cuts] == ["large"]
    git("config", "gitver.keepLimit", "100")
    assert kept(git, keep_version(git)).cuts == ()
    git("config", "gitver.keepLimit", "10")
    assert kept(git, keep_version(git)).cuts == ()


def test_objects_that_exist_are_not_collected_before_the_ref_holds_them(git: Git) -> None:
    git.write("new.py", "new\n")
    made = git("hash-object", "-w", "new.py")
    loose = Path(git.path, ".git/objects", made[:2], made[2:])
    os.utime(loose, (1, 1))
    keep_version(git)
    assert time.time() - loose.stat().st_mtime < 3600


def test_a_keeper_leaves_its_work_to_one_that_is_at_work(
    git: Git, monkeypatch: pytest.MonkeyPatch
) -> None:
    git.write("app.py", "changed\n")
    version = capture_version(git)
    monkeypatch.setattr("gitver_hooks.keeping.keep._LOCK_SECONDS", 0.05)
    with FileLock(os.path.join(location_of(git).shared_state_dir, "captured.lock")):
        keep_captured(location_of(git), os.environ)
        assert kept_refs(git) == []
    keep_captured(location_of(git), os.environ)
    assert kept_refs(git) == [ref_of(version)]


def test_a_known_version_is_captured_again_only_if_nothing_keeps_it(git: Git) -> None:
    git.write("app.py", "changed\n")
    version = capture_version(git)

    def again() -> bool:
        with open_repository(git.path, os.environ) as repository:
            settings = load_settings(repository)
            identified = identify_worktree(repository, settings)
            return capture_again(repository, identified, settings, MODEL_NAME)

    assert not again(), "it waits to be kept"
    keep_captured(location_of(git), os.environ)
    assert not again(), "it is kept"
    with open_repository(git.path, os.environ) as repository:
        assert delete_kept(repository, all_kept(repository)[0])
    git("config", "gitver.keep", "off")
    assert not again()
    git("config", "gitver.keep", "local")
    assert again()
    keep_captured(location_of(git), os.environ)
    assert kept_refs(git) == [ref_of(version)]


def test_what_is_still_being_captured_is_left_alone(git: Git) -> None:
    git.write("app.py", "changed\n")
    capture_version(git)
    (path,) = captured_paths(location_of(git))
    unfinished = path.rename(path.with_name(f".{path.name}.1.unfinished"))
    keep_captured(location_of(git), os.environ)
    assert unfinished.exists()
    assert kept_refs(git) == []


def test_a_failure_is_a_line_in_the_log_and_nothing_more(git: Git) -> None:
    git.write("app.py", "changed\n")
    objects = git.path / ".git/objects"
    version = capture_version(git)
    (path,) = captured_paths(location_of(git))
    path.write_bytes(b'{"worktree": 1}\n')
    keep_captured(location_of(git), os.environ)
    assert f"the code of {version.id} is not kept" in logged(git)
    assert captured_paths(location_of(git)) == []
    assert kept_refs(git) == []
    assert objects.exists()
