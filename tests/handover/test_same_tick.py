"""Edits of the same size within one tick of the filesystem's clock are never missed."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any

import pytest
from support.git import Git
from support.locations import location_of

from gitver_hooks.handover import freshness
from gitver_hooks.handover.observation import Observation
from gitver_hooks.repository.repository import open_repository
from gitver_hooks.worktree.content import Content, read_content
from gitver_hooks.worktree.file_check import FileCheck


def gives_each_change_its_own_time(filesystem: Path) -> bool:
    path = filesystem / "probe"
    times = []
    for number in range(50):
        path.write_text(f"{number:07}\n")
        times.append(path.stat().st_ctime_ns)
    return len(set(times)) == len(times)


def wrong_answers(filesystem: Path, edits: int, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The numbers of the edits of the same size that go unnoticed.

    Half of them are made while the worktree is read, right before and right after the file is, as
    by an editor that runs beside it; the others right after the snapshot was saved.
    """
    (filesystem / "app").mkdir()
    git = Git(filesystem / "app")
    git("init", "-q")
    git.commit(**{"app.py": "0000000\n", "pkg/mod.py": "0\n"})
    worktree = location_of(git.path)
    path = os.path.join(worktree.worktree, "app.py")
    numbers = iter(range(10**7))
    pending = [False]
    check = FileCheck.check_tracked

    def check_while_edited(self: FileCheck, entry: os.DirEntry[bytes], *arguments: Any) -> None:
        meddle = pending[0] and entry.name == b"app.py"
        if meddle:
            pending[0] = False
            rewrite(path, next(numbers))
        check(self, entry, *arguments)
        if meddle:
            rewrite(path, next(numbers))

    monkeypatch.setattr(FileCheck, "check_tracked", check_while_edited)
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
    filesystem: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert wrong_answers(filesystem, 300, monkeypatch) == []


@pytest.mark.long
def test_none_of_thousands_of_edits_in_the_same_tick_is_missed(
    filesystem: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert wrong_answers(filesystem, 3000, monkeypatch) == []


def test_without_the_clock_rule_edits_would_be_missed(
    filesystem: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The tests above can fail: with an observation that is always sound, they do."""
    if gives_each_change_its_own_time(filesystem):
        pytest.skip("this filesystem gives every change a time of its own (Linux 6.13 and later)")

    def trust(self: Observation, ctime_ns: int) -> None:
        pass

    monkeypatch.setattr(Observation, "_too_young", trust)
    assert wrong_answers(filesystem, 300, monkeypatch) != []
