"""What is left out of kept code: secrets, large files, and files that changed too soon."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from support.git import Git
from support.keeping import (
    all_objects,
    assert_sound,
    capture_version,
    files_in,
    keep_version,
    kept,
    location_of,
    logged,
)

from gitver_hooks.keeping.captured import captured_paths
from gitver_hooks.keeping.keep import keep_captured
from gitver_hooks.keeping.kept_version import Cut
from gitver_hooks.version.identify import identify
from gitver_hooks.worktree.content import Change, Content

KEY = "sk-proj-Zx81kLmQ0vTn35RwYbCd" + "T3BlbkFJ" + "9fGh2JkPqRsTuVwXyZaB"


@pytest.fixture(params=["one file", "many files"])
def few_or_many(request: pytest.FixtureRequest, git: Git) -> Git:
    """Code that is kept as loose objects, or as a pack."""
    if request.param == "many files":
        for number in range(30):
            git.write(f"many/{number}.py", f"{number}\n")
    return git


def test_planted_secrets_are_in_no_object(few_or_many: Git) -> None:
    git = few_or_many
    git.write(".env", "PASSWORD=planted-in-a-name\n")
    git.write("app.py", "changed\n")
    git.write("client.py", f'KEY = "{KEY}"\n')
    version = keep_version(git)
    found = kept(git, version)
    assert [(cut.reason, cut.path) for cut in found.cuts] == [
        ("secret", b".env"),
        ("secret", b"client.py"),
    ]
    assert found.full_tree == version.tree != found.tree
    objects = all_objects(git)
    assert b"planted-in-a-name" not in objects
    assert KEY.encode() not in objects
    files = files_in(git, found.tree)
    assert b"app.py" in files
    assert {b".env", b"client.py"}.isdisjoint(files)
    assert_sound(git)


def test_a_secret_in_a_tracked_file_is_cut_as_well(git: Git) -> None:
    git.write("app.py", f'KEY = "{KEY}"\n')
    found = kept(git, keep_version(git))
    assert [cut.path for cut in found.cuts] == [b"app.py"]
    assert KEY.encode() not in all_objects(git)
    assert files_in(git, found.tree) == {}


def test_a_file_with_a_secret_name_is_not_even_copied(git: Git) -> None:
    git.write(".env", "PASSWORD=planted\n")
    capture_version(git)
    (captured,) = captured_paths(location_of(git))
    assert b"planted" not in captured.read_bytes()


def test_captured_files_are_private_and_temporary(git: Git) -> None:
    git.write("client.py", f'KEY = "{KEY}"\n')
    capture_version(git)
    (captured,) = captured_paths(location_of(git))
    assert KEY.encode() in captured.read_bytes()
    assert captured.stat().st_mode & 0o077 == 0
    keep_captured(location_of(git), os.environ)
    assert captured_paths(location_of(git)) == []


def test_the_users_own_patterns_count(git: Git) -> None:
    git("config", "gitver.secrets", "*.local")
    git.write("settings.local", "x = 1\n")
    assert [cut.reason for cut in kept(git, keep_version(git)).cuts] == ["secret"]


def test_a_secret_that_is_staged_is_not_held_by_the_ref(git: Git) -> None:
    git.write("client.py", f'KEY = "{KEY}"\n')
    git("add", "client.py")
    found = kept(git, keep_version(git))
    assert [cut.path for cut in found.cuts] == [b"client.py"]
    reachable = git("rev-list", "--objects", "--no-object-names", found.tree)
    assert git("rev-parse", ":client.py") not in reachable


def test_large_untracked_files_are_cut_and_tracked_ones_are_kept(git: Git) -> None:
    git("config", "gitver.keepLimit", "1 KiB")
    git.write("exact.bin", bytes(1024))
    git.write("large.bin", bytes(1025))
    git.write("app.py", "x" * 2000)
    found = kept(git, keep_version(git))
    assert found.cuts == (Cut("large", 1025, b"large.bin"),)
    assert sorted(files_in(git, found.tree)) == [b"app.py", b"exact.bin"]


def test_data_does_not_displace_source_code(git: Git) -> None:
    git("config", "gitver.keepLimit", "1 KiB")
    for number in range(12):
        git.write(f"data/{number:02}.bin", bytes([number]) * 1000)
    git.write("zzz.py", "x = 1\n")
    found = kept(git, keep_version(git))
    assert [cut.path for cut in found.cuts] == [b"data/10.bin", b"data/11.bin"]
    assert b"zzz.py" in files_in(git, found.tree)


def test_a_file_that_the_limit_cuts_out_is_not_read(
    git: Git, monkeypatch: pytest.MonkeyPatch
) -> None:
    git.write("large.bin", b"")
    os.truncate(git.path / "large.bin", 200 << 20)
    with_it = identify(git.path)
    read: list[bytes] = []

    def note(content: Content, change: Change) -> bytes:
        read.append(change.path)
        return b""

    monkeypatch.setattr("gitver_hooks.keeping.capture.read_new_blob", note)
    assert capture_version(git).id == with_it.id
    assert read == []


def test_a_file_that_changed_before_it_could_be_copied_is_reported(
    git: Git, monkeypatch: pytest.MonkeyPatch
) -> None:
    git.write("app.py", "identified\n")
    git.write("other.py", "other\n")

    def edit_first(*arguments: object) -> bool:
        git.write("app.py", "too late\n")
        return False

    monkeypatch.setattr("gitver_hooks.keeping.capture.has_secret_name", edit_first)
    found = kept(git, keep_version(git))
    assert [(cut.reason, cut.path) for cut in found.cuts] == [("missing", b"app.py")]
    assert b"other.py" in files_in(git, found.tree)
    assert "app.py" in logged(git)
    assert_sound(git)


def test_bytes_that_are_not_those_identified_are_never_written(git: Git) -> None:
    git.write("app.py", "identified\n")
    version = capture_version(git)
    (captured,) = captured_paths(location_of(git))
    captured.write_bytes(captured.read_bytes().replace(b"identified\n", b"manipulate\n"))
    keep_captured(location_of(git), os.environ)
    assert [cut.reason for cut in kept(git, version).cuts] == ["missing"]
    assert b"manipulate" not in all_objects(git)


def test_a_tree_that_does_not_come_out_as_identified_is_not_kept(git: Git) -> None:
    git.write("app.py", "identified\n")
    version = capture_version(git)
    (captured,) = captured_paths(location_of(git))
    captured.write_bytes(captured.read_bytes().replace(version.tree.encode(), b"0" * 40))
    keep_captured(location_of(git), os.environ)
    assert "is not kept: its tree is 0000" in logged(git)
    assert git("for-each-ref", "refs/gitver") == ""


def test_an_old_capture_is_given_up(git: Git) -> None:
    git.write("app.py", "changed\n")
    capture_version(git)
    (captured,) = captured_paths(location_of(git))
    os.utime(captured, (1, 1))
    keep_captured(location_of(git), os.environ)
    assert not Path(captured).exists()
    assert "given up" in logged(git)
