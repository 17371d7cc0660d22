"""The line of .gitignore that the guard proposes, compared with what git makes of it."""

from __future__ import annotations

import os
import random
import subprocess

import pytest
from support.git import Git

from gitver_hooks.floods.ignore_lines import Evidence, IgnoreLine, line_for

# What git's patterns, text files and terminals treat in a special way.
_PIECES = [
    *(b" ", b"  ", b"\\", b"*", b"?", b"[", b"]", b"[a]", b"!", b"#", b"a", b"B", b"1", b".log"),
    *(b"\n", b"\r", b"\t", b"\x1b[2K", b"`", b"\xff", b"\xe2\x80", "é".encode(), "\u202e".encode()),
]


def chosen(
    path: bytes, *others: bytes, kept: tuple[bytes, ...] = (), stable: tuple[bytes, ...] = ()
) -> IgnoreLine:
    generated = frozenset((path, *others))
    evidence = Evidence(generated, generated.union(stable), sorted(kept))
    return line_for(path, evidence, same_name=False)[0]


def ignored(git: Git, *paths: bytes) -> list[bytes]:
    """Those of the paths that git ignores."""
    done = subprocess.run(
        ["git", "check-ignore", "--no-index", "-z", "--stdin"],
        cwd=git.path,
        input=b"".join(path + b"\0" for path in paths),
        capture_output=True,
    )
    return done.stdout.split(b"\0")[:-1]


@pytest.mark.parametrize(
    ("names", "kept", "line"),
    [
        # A folder in which nothing else is, the highest one.
        ("logs/run-17.log logs/run-18.log", "app.py", "/logs/"),
        ("out/2024/a.csv out/2025/b.csv", "app.py", "/out/"),
        ("out/2024/a.csv out/2025/b.csv", "out/.gitkeep", "/out/*/"),
        ("logs/a.log", "logs/README", "/logs/a.log"),
        # A pattern of what the names have in common.
        ("logs/run-17.log logs/run-18.log", "logs/README", "/logs/run-*.log"),
        ("run17.log run18.log", "app.py", "/run*.log"),
        ("a8f3.tmp a9c2.tmp", "app.py", "/*.tmp"),
        ("run-1/trace run-2/trace", "app.py", "/run-*/"),
        ("[1]/x.db [2]/x.db", "app.py", "/\\[*/"),
        # Two files that have nothing to do with each other.
        ("alpha.csv beta.csv", "app.py", "/alpha.csv"),
        ("a1.csv a2.db", "app.py", "/a1.csv"),
        ("run-1/x.db run-2", "app.py", "/run-1/x.db"),
        # The pattern would match something that git tracks.
        ("data/17.csv data/18.csv", "data/1.csv", None),
        ("run-1/trace run-2/trace", "run-tests/test_app.py", None),
    ],
)
def test_a_line_is_as_wide_as_the_names_need_and_no_wider(
    names: str, kept: str, line: str | None, git: Git
) -> None:
    path, *others = map(os.fsencode, names.split())
    found = chosen(path, *others, kept=(kept.encode(),))
    assert found.is_safe == (line is not None)
    if line is not None:
        assert found.line.decode() == line
        git.write(".gitignore", found.line)
        assert path in ignored(git, path)
        assert ignored(git, kept.encode()) == []


def test_a_pattern_does_not_match_a_file_that_a_person_has_named() -> None:
    assert chosen(b"in/1.csv", b"in/2.csv", stable=(b"in/0.csv",)).line == b"/in/*.csv"
    assert chosen(b"in/1.csv", b"in/2.csv", stable=(b"in/0.csv",)).is_safe
    assert not chosen(b"in/1.csv", b"in/2.csv", stable=(b"in/names.csv",)).is_safe


def test_git_ignores_exactly_the_named_file_whatever_its_name(git: Git) -> None:
    drawn = random.Random(12)
    for _ in range(60):
        name = b"".join(drawn.choices(_PIECES, k=drawn.randint(1, 5)))
        path = drawn.choice([b"", b"a b/", b"[x]/"]) + name
        line = line_for(path, Evidence(frozenset((path,)), frozenset(), ()), same_name=True)[0]
        assert os.fsdecode(line.line).isprintable() and b"`" not in line.line
        git.write(".gitignore", b"# rules\n" + line.line + b"\n")
        others = (path + b"x", b"x" + path, path.replace(b"a", b"b") + b".", b"deeper/" + path)
        assert ignored(git, path, *others) == [path], (path, line)
        assert line.matches(path)
        assert not any(map(line.matches, others))
