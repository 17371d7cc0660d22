"""Ignore rules, held against ``git check-ignore``."""

from __future__ import annotations

import os
import random
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from support.git import Git

from gitver_hooks.common.files import read_small
from gitver_hooks.gitfiles.ignore import IgnoreRules, base_rules, is_local, pattern_lines

COMPONENTS = (
    "a", "b", "ab", "abc", "foo", "foo.o", "x.y", "A", "aB", "build", "[a]", "a b", "é", "d-e", "*",
    "\\x", "!n", "#c",
)  # fmt: skip
ATOMS = (
    "a", "b", "ab", "foo", "*", "**", "?", "[ab]", "[!a]", "[^b]", "[a-c]", "[]a]", "[[:alpha:]]",
    "[[:upper:]]", "[[:punct:]x]", "\\*", "\\", "/", "/", "/", "***", ".o", "*.o", "build", "A",
    "[A-Z]", "[a-", "[", "[[:bad:]]", "[[:a]", "[\\]]", " ", "\\ ", "!", "#", "[a/b]", "[!/]",
    "[a-\\c]", "[--0]", "é", "\\x", "\\[a]",
)  # fmt: skip


def random_pattern(chance: random.Random) -> str:
    text = "".join(chance.choice(ATOMS) for _ in range(chance.randint(1, 5)))
    if chance.random() < 0.3:
        text += "/"
    if chance.random() < 0.2:
        text = "/" + text
    if chance.random() < 0.25:
        text = "!" + text
    return text


def rule_file(chance: random.Random) -> bytes:
    lines = [random_pattern(chance) for _ in range(chance.randint(1, 6))]
    end = chance.choice(("\n", "\r\n"))
    return (end.join(lines) + chance.choice(("", end))).encode()


def make_paths(root: Path, chance: random.Random) -> list[tuple[str, bool]]:
    """Random files and folders under ``root``: their paths, and whether each is a folder."""
    for _ in range(40):
        path = root.joinpath(*(chance.choice(COMPONENTS) for _ in range(chance.randint(1, 4))))
        try:
            if chance.random() < 0.3:
                path.mkdir(parents=True, exist_ok=True)
            else:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.touch()
        except (FileExistsError, NotADirectoryError, IsADirectoryError):
            continue
    return [
        (str(path.relative_to(root)), path.is_dir())
        for path in root.rglob("*")
        if path.name != ".gitignore"
    ]


def check_ignore(root: Path, paths: list[str]) -> dict[str, bool]:
    """What git says of each path. A negated pattern that decides is also shown, with its ``!``."""
    done = subprocess.run(
        ["git", "check-ignore", "--stdin", "-z", "--verbose", "--non-matching", "--no-index"],
        cwd=root,
        input="\0".join(paths).encode() + b"\0",
        capture_output=True,
        check=False,
    )
    fields = done.stdout.decode().split("\0")[:-1]
    return {
        path: bool(pattern) and not pattern.startswith("!")
        for pattern, path in zip(fields[2::4], fields[3::4], strict=True)
    }


def is_ignored(top: IgnoreRules, root: Path, path: str, is_directory: bool) -> bool:
    """As the walk does it: from the root down, each folder with the rules in it."""
    rules = top
    parts = path.split("/")
    for i in range(len(parts)):
        above = "/".join(parts[:i])
        file = root / above / ".gitignore"
        rules = rules.below(above.encode(), file.read_bytes() if file.is_file() else None)
        here = "/".join(parts[: i + 1])
        if rules.ignores(here.encode(), parts[i].encode(), is_directory or i + 1 < len(parts)):
            return True
    return False


def differences_from_git(root: Path, seed: int) -> list[object]:
    chance = random.Random(seed)
    fold = seed % 4 == 0
    subprocess.run(["git", "init", "-q", root], check=True)
    subprocess.run(["git", "-C", root, "config", "core.ignoreCase", str(fold).lower()], check=True)
    excludes = root.parent / f"excludes-{seed}"
    subprocess.run(["git", "-C", root, "config", "core.excludesFile", str(excludes)], check=True)
    exclude = root / ".git" / "info" / "exclude"
    paths = make_paths(root, chance)
    for file in (excludes, exclude):
        file.write_bytes(rule_file(chance) if chance.random() < 0.3 else b"")
    folders = [root, *(root / path for path, is_directory in paths if is_directory)]
    for folder in chance.sample(folders, min(3, len(folders))):
        (folder / ".gitignore").write_bytes(rule_file(chance))
    top, _ = base_rules(str(exclude), str(excludes), fold)
    theirs = check_ignore(root, [path for path, _ in paths])
    return [
        (seed, path, is_directory, theirs[path])
        for path, is_directory in paths
        if is_ignored(top, root, path, is_directory) != theirs[path]
    ]


def test_ignores_what_git_ignores_for_random_rules_at_several_levels(tmp_path: Path) -> None:
    assert [
        d for seed in range(100) for d in differences_from_git(tmp_path / str(seed), seed)
    ] == []


@pytest.mark.long
def test_ignores_what_git_ignores_for_thousands_of_random_rules(tmp_path: Path) -> None:
    for seed in range(1000, 4000):
        assert differences_from_git(tmp_path / str(seed), seed) == []


@pytest.mark.parametrize("pattern", ["*a" * 12 + "*b", "**/" * 12 + "b", "[a-z]*" * 10 + "!"])
def test_a_pattern_with_many_stars_does_not_hang(pattern: str) -> None:
    top, _ = base_rules(os.devnull, os.devnull, False)
    rules = top.below(b"", pattern.encode())
    name = b"a" * 200
    assert not rules.ignores(b"a/" * 20 + name, name, False)


def test_local_files_are_ignored_at_any_depth() -> None:
    top, _ = base_rules(os.devnull, os.devnull, False)
    for name in (b".mlflow-active-model", b"mlflow.db", b"mlflow.db-journal"):
        assert top.ignores(b"deep/" + name, name, False)
    assert top.ignores(b"deep/mlruns", b"mlruns", True)
    assert not top.ignores(b"mlruns", b"mlruns", False), "a file of that name is the user's"


@pytest.mark.parametrize("name", [b"mlflow.db.py", b"mlflow.dbx", b"mlflow.db-notes", b"mlruns.py"])
def test_a_file_whose_name_only_begins_like_a_local_one_is_not_ignored(name: bytes) -> None:
    top, _ = base_rules(os.devnull, os.devnull, False)
    assert not top.ignores(name, name, False)
    assert not is_local(name)


def test_the_rules_of_the_project_win_over_the_local_ones() -> None:
    top, _ = base_rules(os.devnull, os.devnull, False)
    rules = top.below(b"", b"!mlflow.db\n")
    assert not rules.ignores(b"mlflow.db", b"mlflow.db", False)


def test_a_rule_file_that_is_a_link_or_a_pipe_is_left_alone(git: Git) -> None:
    (git.path / "link").symlink_to("app.py")
    os.mkfifo(git.path / "pipe")
    assert read_small(str(git.path / "link"), follow=False) is None
    assert read_small(str(git.path / "link")) == b"print('hello')\n"
    assert read_small(str(git.path / "pipe")) == b""


def test_lines_are_trimmed_as_git_trims_them(make_git: Callable[..., Git]) -> None:
    text = b"\xef\xbb\xbffirst \n#comment\n\nkept\\ \r\ncut\0off\n  \n"
    assert pattern_lines(text) == [b"first", b"kept\\ ", b"cut"]
