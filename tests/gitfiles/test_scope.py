"""Which paths count for an app, held against git's own sparse checkout."""

from __future__ import annotations

import random

import pytest
from support.git import Git

from gitver_hooks.gitfiles.scope import ALL, NONE, SOME, Scope, unmatched

_NAMES = ("a", "b", "ab", "src", "docs", "x.py", "y.md", "[a]", "a b")
_ATOMS = (
    "a", "b", "ab", "src", "docs", "*", "**", "?", "[ab]", "*.py", "y.md", "/", "/", "/", "x",
    "\\[a]",
)  # fmt: skip


def _files(chance: random.Random) -> list[str]:
    found: set[str] = set()
    for _ in range(40):
        found.add("/".join(chance.choice(_NAMES) for _ in range(chance.randint(1, 4))))
    # A name cannot be both a file and a folder.
    return sorted(f for f in found if not any(other.startswith(f + "/") for other in found))


def _pattern(chance: random.Random) -> str:
    text = "".join(chance.choice(_ATOMS) for _ in range(chance.randint(1, 4)))
    text = "/" + text.lstrip("/") if chance.random() < 0.4 else text
    text += "/" if chance.random() < 0.3 else ""
    return "!" + text if chance.random() < 0.3 else text


def _selected_by_git(git: Git, patterns: list[str]) -> set[str]:
    """The files of the index that git checks out with these patterns."""
    lines = patterns if any(p[0] != "!" for p in patterns) else ["/*", *patterns]
    git.write(".git/info/sparse-checkout", "\n".join(lines) + "\n")
    git("read-tree", "-mu", "HEAD")
    listed = git("ls-files", "-t", "-z")
    return {line[2:] for line in listed.split("\0") if line.startswith("H")}


def _repository_of(git: Git, files: list[str]) -> None:
    blob = git("hash-object", "-w", "--stdin")
    for file in files:
        git("update-index", "--add", "--cacheinfo", f"100644,{blob},{file}")
    git("commit", "-q", "-m", "files")
    git("config", "core.sparseCheckout", "true")


@pytest.mark.parametrize("seed", range(3))
def test_patterns_select_what_git_checks_out_with_them(git: Git, seed: int) -> None:
    chance = random.Random(seed)
    git("rm", "-q", "--cached", "app.py")
    files = _files(chance)
    _repository_of(git, files)
    for _ in range(40):
        patterns = [_pattern(chance) for _ in range(chance.randint(1, 4))]
        scope = Scope(b"", [pattern.encode() for pattern in patterns])
        chosen = {file for file in files if scope.counts(file.encode())}
        assert chosen == _selected_by_git(git, patterns), patterns


@pytest.mark.parametrize("seed", range(5))
def test_a_folder_that_is_left_out_has_nothing_that_counts(seed: int) -> None:
    chance = random.Random(seed)
    files = _files(chance)
    for _ in range(200):
        folder = chance.choice((b"", b"a", b"a/[a]"))
        patterns = [_pattern(chance).encode() for _ in range(chance.randint(0, 4))]
        scope = Scope(folder, patterns)
        for file in files:
            part = scope.of_folder(file.rpartition("/")[0].encode())
            name = file.encode()
            # The same patterns, asked without a folder that decides for all that is in it.
            decision = _slowly(folder, patterns, name)
            assert scope.counts(name) == decision, (folder, patterns, file)
            assert part == SOME or decision == (part == ALL)


def _slowly(folder: bytes, patterns: list[bytes], path: bytes) -> bool:
    scope = Scope(folder, patterns)
    positive = any(not pattern.startswith(b"!") for pattern in patterns)
    decided = not positive and not folder
    parts = path.split(b"/")
    for depth in range(1, len(parts) + 1):
        found = scope._matched(b"/".join(parts[:depth]), parts[depth - 1], depth < len(parts))
        decided = decided if found is None else found
    return decided


@pytest.mark.parametrize(
    "folder, patterns, counted, left_out",
    [
        ("", [], ["app.py", "a/b"], []),
        ("", ["/src/"], ["src/a.py", "src/x/y"], ["app.py", "a/src/b"]),
        ("", ["src/", "!src/vendored/"], ["src/a", "a/src/b"], ["src/vendored/x", "b"]),
        ("", ["!docs/", "!*.md"], ["app.py", "a/b"], ["docs/x.py", "README.md", "a/b.md"]),
        ("apps/chat", [], ["apps/chat/a", "apps/chat/x/y"], ["a", "apps/b", "apps/chatty/a"]),
        ("apps/chat", ["!*.md"], ["apps/chat/a"], ["apps/chat/x/b.md", "b.md", "a"]),
        ("apps/chat", ["*", "/libs/common/"], ["apps/chat/a", "libs/common/b"], ["libs/x", "b"]),
        ("apps/chat", ["src/*.py"], ["apps/chat/src/a.py"], ["src/a.py", "apps/chat/x/src/a.py"]),
        ("apps/chat", ["src/"], ["apps/chat/x/src/a"], ["src/a", "apps/chat/a"]),
        ("a[1]*", ["*.py"], ["a[1]*/b.py"], ["a1x/b.py", "a[1]x/b.py"]),
    ],
)  # fmt: skip
def test_patterns_are_relative_to_the_folder_of_the_app_unless_they_begin_with_a_slash(
    folder: str, patterns: list[str], counted: list[str], left_out: list[str]
) -> None:
    scope = Scope(folder.encode(), [pattern.encode() for pattern in patterns])
    assert [path for path in counted if not scope.counts(path.encode())] == []
    assert [path for path in left_out if scope.counts(path.encode())] == []


def test_folders_that_no_pattern_reaches_need_not_be_read() -> None:
    scope = Scope(b"", [b"/src/app/", b"/libs/*/common.py", b"!/src/app/data/"])
    folders = {
        b"": SOME, b"src": SOME, b"src/app": SOME, b"src/app/x": ALL, b"src/app/data": NONE,
        b"src/other": NONE, b"libs": SOME, b"libs/a": SOME, b"libs/a/b": NONE, b"docs": NONE,
    }  # fmt: skip
    assert {folder: scope.of_folder(folder) for folder in folders} == folders


def test_patterns_that_match_nothing_are_found() -> None:
    scope = Scope(b"apps/chat", [b"src/", b"*.txt", b"/libs/", b"/lib/", b"!*.md"])
    paths = [b"apps/chat/src/a.py", b"libs/b.py", b"other/c.txt", b"apps/chat/d.md"]
    assert unmatched(scope, paths) == [b"*.txt", b"/lib/"]


def test_the_text_form_is_read_back() -> None:
    for scope in (Scope(), Scope(b"", [b"a", b"!b"]), Scope(b"apps/chat"), Scope(b"a", [b"/b/"])):
        again = Scope.decode(scope.encode())
        assert (again.folder, again.patterns) == (scope.folder, scope.patterns)
        assert again.is_everything == scope.is_everything
