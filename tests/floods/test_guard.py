"""The guard: when it speaks, what it names, and that nothing else makes it speak."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from support.git import Git
from support.locations import location_of

from gitver_hooks.floods import memory
from gitver_hooks.recording.record import record

Start = Callable[..., str]


def start(git: Git, folder: str = ".", *, is_run: bool = True) -> str:
    """Record an app as its start does, without contacting MLflow; the line it prints."""
    return record(location_of(git.path / folder), os.environ, is_run=is_run).hint


def append(git: Git, *names: str) -> None:
    for name in names:
        path = git.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a") as file:
            file.write("x\n")


def lines_of(hint: str) -> list[str]:
    """The lines of .gitignore in a hint."""
    return hint.split("`")[1::2]


def follow(git: Git, hint: str) -> None:
    with (git.path / ".gitignore").open("a") as file:
        file.writelines(f"{line}\n" for line in lines_of(hint))


def hints(git: Git, *runs: tuple[str, ...]) -> list[str]:
    """What is printed by a first run, and then by one after each of the writes."""
    found = [start(git)]
    for names in runs:
        append(git, *names)
        found.append(start(git))
    return found


def test_the_third_run_prints_the_line_and_no_later_one(git: Git) -> None:
    found = hints(git, *[("app.log",)] * 4)
    assert [bool(hint) for hint in found] == [False, False, True, False, False]
    assert found[2] == (
        "app.log makes each run a new version, because git does not ignore it; "
        f"if the app writes it, add `/app.log` to {git.path}/.gitignore"
    )


def test_several_files_are_listed_in_one_line(git: Git) -> None:
    hint = hints(git, *[("a.log", "b.log", "c.log")] * 2)[-1]
    assert hint == (
        "a.log, b.log and c.log make each run a new version, because git does not ignore them; "
        f"if the app writes them, add `/a.log`, `/b.log` and `/c.log` to {git.path}/.gitignore, "
        "one line each"
    )


def test_a_run_right_after_the_commit_that_a_hook_recorded_is_the_first_one(git: Git) -> None:
    start(git, is_run=False)
    append(git, "app.log")
    assert start(git) == ""
    append(git, "app.log")
    assert lines_of(start(git)) == ["/app.log"]


def test_a_recording_by_a_hook_is_not_a_run(git: Git) -> None:
    start(git)
    for _ in range(3):
        append(git, "app.log")
        assert start(git, is_run=False) == ""
    append(git, "app.log")
    assert start(git) == ""


def test_several_files_of_one_run_are_not_yet_a_flood(git: Git) -> None:
    assert not any(hints(git, ("logs/1.log", "logs/2.log", "1.db", "2.db")))


def test_two_runs_in_a_row_are_enough_whatever_the_files(git: Git) -> None:
    found = hints(git, ("alpha.bin",), (), ("beta.db",))
    assert [lines_of(hint) for hint in found] == [[], [], [], ["/beta.db"]]


def test_names_that_differ_from_run_to_run_get_a_line_that_covers_the_next_ones(git: Git) -> None:
    hint = hints(git, ("logs/run-1.log", "a/b.db"), ("logs/run-2.log", "a/b.db"))[-1]
    assert lines_of(hint) == ["/a/b.db", "/logs/"]
    follow(git, hint)
    start(git)
    append(git, "logs/run-3.log", "a/b.db", "logs/deep/run-4.log")
    assert git("status", "--porcelain") == "?? .gitignore"


def test_edits_of_code_in_between_neither_count_nor_hide_the_file(git: Git) -> None:
    runs = [("app.log",), ("app.log", "app.py"), ("app.log", "app.py"), ("app.log",)]
    assert [bool(hint) for hint in hints(git, *runs)] == [False, False, False, False, True]


def test_files_that_a_person_adds_now_and_then_are_not_reported(git: Git) -> None:
    runs = [("alpha.csv",), ("app.py",), ("beta.db",), ("app.py",), ("gamma.bin",)]
    assert not any(hints(git, *runs))


@pytest.mark.parametrize(
    "name",
    [
        *("tool.py", "run.ipynb", "prompts/a.txt", "prompts/b.j2", "conf/app.yaml", "app.json"),
        *("Makefile", ".env", ".env.local", ".gitignore", "lib/x.so", "tool.PY", "logs/plugin.py"),
    ],
)
def test_code_templates_prompts_and_configuration_are_never_reported(git: Git, name: str) -> None:
    assert not any(hints(git, *[(name,)] * 4))


@pytest.mark.parametrize(
    "name", ["out/answer.json", "logs/today", "state.sqlite", ".coverage", "data.CSV", ".app.log"]
)
def test_what_programs_write_is_reported(git: Git, name: str) -> None:
    assert lines_of(hints(git, *[(name,)] * 2)[-1]) == [f"/{name}"]


def test_executables_staged_files_and_repositories_are_not_reported(git: Git) -> None:
    nested = Git(git.write("nested.data/x.db").parent)
    nested("init", "-q")
    start(git)
    for _ in range(3):
        append(git, "tool.bin")
        (git.path / "tool.bin").chmod(0o755)
        assert start(git) == ""
    for _ in range(3):
        append(git, "staged.log")
        git("add", "staged.log")
        assert start(git) == ""
    for _ in range(3):
        nested.commit("more")
        assert start(git) == ""


def test_code_that_nobody_has_added_yet_is_not_hidden(git: Git) -> None:
    git.write("gen/new.py")
    assert lines_of(hints(git, ("gen/1.log",), ("gen/2.log",))[-1]) == ["/gen/*.log"]


def test_a_second_file_is_reported_once_the_first_line_is_known(git: Git) -> None:
    first = hints(git, ("app.log",), ("app.log",))[-1]
    found = []
    for names in [("app.log",), ("app.log", "x.db"), ("app.log",), ("app.log", "x.db")]:
        append(git, *names)
        found.append(start(git))
    assert lines_of(first) == ["/app.log"]
    assert [lines_of(hint) for hint in found] == [[], [], [], ["/x.db"]]


def test_runs_that_differ_in_a_reported_file_are_no_evidence_against_others(git: Git) -> None:
    hints(git, ("app.log",), ("app.log",))
    for names in (("1.db", "2.db"), ("app.log",), ("alpha.bin",), ("app.log",), ("beta.csv",)):
        append(git, *names)
        assert start(git) == ""


def test_many_files_are_reported_a_few_at_a_time_each_when_the_last_are_ignored(git: Git) -> None:
    git.commit("keep", **{"data/keep.py": ""})
    names = tuple(f"data/{letter}.bin" for letter in "abcdefghijkl")
    found = hints(git, *[names] * 5)
    assert [len(lines_of(hint)) for hint in found] == [0, 0, 8, 0, 0, 0]
    follow(git, found[2])
    start(git)
    append(git, *names)
    assert len(lines_of(start(git))) == 4


def test_without_a_line_that_is_safe_the_folder_is_the_remedy(git: Git) -> None:
    git.commit("data", **{"data/1.csv": ""})
    found = hints(git, *[(f"data/{n}.csv",) for n in range(2, 6)])
    assert [bool(hint) for hint in found] == [False, False, True, False, False]
    assert lines_of(found[2]) == []
    assert "let it write files like data/3.csv to a folder that git ignores" in found[2]


def test_a_line_that_a_gitignore_further_down_overrules_is_not_proposed(git: Git) -> None:
    git.commit("rules", **{"logs/.gitignore": "!*.log\n"})
    hint = hints(git, *[("logs/app.log",)] * 2)[-1]
    assert lines_of(hint) == [] and "logs/app.log" in hint


@pytest.mark.parametrize(
    "damage", [b"", b"{", b"[]", b'{"format": 1, "files": 3}', b"\xff", b"[" * 9999]
)
def test_without_a_readable_memory_there_is_no_guard_and_no_error(git: Git, damage: bytes) -> None:
    hints(git, ("app.log",))
    (git.path / ".git/gitver/floods").write_bytes(damage)
    found = hints(git, ("app.log",), ("app.log",))
    assert [bool(hint) for hint in found] == [False, False, True]


def test_more_files_than_are_remembered_turn_the_guard_off(
    git: Git, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "_MOST_FILES", 3)
    for name in "abc":
        git.write(f"{name}.bin")
    assert not any(hints(git, *[("app.log",)] * 3))
    (git.path / "a.bin").unlink()
    assert [bool(hint) for hint in hints(git, *[("app.log",)] * 2)] == [False, False, True]


def test_the_memory_is_small_whatever_the_names(git: Git) -> None:
    folder = "/".join(["x" * 240] * 3)
    names = tuple(f"{folder}/{number}.bin" for number in range(100))
    hints(git, names, ("app.log",))
    assert (git.path / ".git/gitver/floods").stat().st_size < 40 * 1024


def test_each_app_and_each_worktree_has_its_own_guard(git: Git, tmp_path: Path) -> None:
    git.commit("apps", **{"a/.gitver.yaml": "", "b/.gitver.yaml": "", "a/m.py": "", "b/m.py": ""})
    git("worktree", "add", "-q", str(tmp_path / "linked"))
    linked = Git(tmp_path / "linked")
    for worktree in (git, linked):
        for folder in ("a", "b"):
            start(worktree, folder)
    for expected in ([], ["/a/x.log"]):
        append(git, "a/x.log")
        append(linked, "a/x.log")
        assert lines_of(start(git, "a")) == expected
        assert start(git, "b") == ""
        hint = start(linked, "a")
        assert lines_of(hint) == expected
        assert not hint or f"{linked.path}/.gitignore" in hint


def test_of_several_runs_at_the_same_time_one_prints_the_line(git: Git) -> None:
    hints(git, ("app.log",))
    append(git, "app.log")
    code = (
        "import os, sys\n"
        "from gitver_hooks.gitfiles.location import find_location\n"
        "from gitver_hooks.recording.record import record\n"
        "sys.stdin.read()\n"
        "print(record(find_location('.', os.environ), os.environ, is_run=True).hint)\n"
    )
    processes = [
        subprocess.Popen([sys.executable, "-c", code], cwd=git.path, stdin=-1, stdout=-1, text=True)
        for _ in range(4)
    ]
    for process in processes:
        assert process.stdin is not None
        process.stdin.close()
    printed = [process.stdout.read() for process in processes if process.stdout is not None]
    assert [process.wait() for process in processes] == [0] * 4
    assert sorted(map(bool, map(str.strip, printed))) == [False, False, False, True]
