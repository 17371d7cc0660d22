"""The snapshot of an app that is a part of the worktree: nothing outside makes it stale."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest
from support.git import Git

from gitver_hooks.gitfiles.location import find_location
from gitver_hooks.gitfiles.scope import Scope
from gitver_hooks.handover import freshness
from gitver_hooks.repository.repository import open_repository
from gitver_hooks.worktree.content import read_content


@pytest.fixture
def is_fresh(git: Git, make_git: Callable[..., Git]) -> Callable[[], bool]:
    """Take a snapshot of ``src/`` without ``src/data/`` and of ``lib/*.py``; is it fresh?

    ``src/module`` is a submodule.
    """
    module = make_git("module")
    module.commit("inner", inside="1\n")
    git("submodule", "add", "-q", str(module.path), "src/module")
    for name in ("src/main.py", "src/data/x.csv", "lib/a.py", "lib/b.txt", "docs/index.md"):
        git.write(name, "1\n")
    git.commit("files")
    location = find_location(str(git.path), os.environ)
    assert location is not None
    with open_repository(location, os.environ) as repository:
        scope = Scope(b"", [b"/src/", b"!/src/data/", b"/lib/*.py", b"/later/"])
        content = read_content(repository, scope=scope)
    assert freshness.save(location, content.observation, "v")
    return lambda: freshness.fresh_version(location) == "v"


def edit(name: str) -> Callable[[Git], object]:
    return lambda git: git.write(name, "edited\n")


def link(name: str) -> Callable[[Git], object]:
    """Put a link in the place of a folder, to the same folder under another name."""

    def run(git: Git) -> None:
        (git.path / name).rename(git.path / f"moved-{name}")
        (git.path / name).symlink_to(f"moved-{name}")

    return run


def stage(name: str) -> Callable[[Git], object]:
    def run(git: Git) -> None:
        git.write(name, "edited\n")
        git("add", "-A")

    return run


OUTSIDE = {
    "an edit": edit("app.py"),
    "an edit below": edit("docs/index.md"),
    "an edit of what is excluded": edit("src/data/x.csv"),
    "a new file in the root": edit("new.py"),
    "a new file beside one that counts": edit("lib/new.txt"),
    "a new folder": edit("other/deep/new.py"),
    "a staged edit": stage("docs/index.md"),
    "a staged new file": stage("lib/new.txt"),
    "a removed folder": lambda git: git("rm", "-rq", "docs"),
    "a submodule's index that is written again": lambda git: git(
        "-C", "src/module", "update-index", "--force-write-index"
    ),
}
INSIDE = {
    "an edit": edit("src/main.py"),
    "a new file": edit("src/new.py"),
    "a new file that a pattern matches": edit("lib/new.py"),
    "a folder that did not exist": edit("later/new.py"),
    "a staged edit": stage("src/main.py"),
    "a link in the place of a folder": link("lib"),
    "a removed file": lambda git: (git.path / "lib/a.py").unlink(),
    "an untracked file that is removed from the index": lambda git: git(
        "rm", "-q", "--cached", "lib/a.py"
    ),
    "a rule that ignores": lambda git: git.write(".gitignore", "*.tmp\n"),
}


@pytest.mark.parametrize("change", OUTSIDE.values(), ids=OUTSIDE.keys())
def test_a_change_outside_costs_nothing(
    git: Git, is_fresh: Callable[[], bool], change: Callable[[Git], object]
) -> None:
    assert is_fresh()
    change(git)
    assert is_fresh() and is_fresh()


@pytest.mark.parametrize("change", INSIDE.values(), ids=INSIDE.keys())
def test_a_change_inside_is_noticed(
    git: Git, is_fresh: Callable[[], bool], change: Callable[[Git], object]
) -> None:
    change(git)
    assert not is_fresh()
