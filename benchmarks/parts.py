"""Measures apps that are a part of a repository, and many apps in one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from benchmarks.cases import case
from benchmarks.ground import Ground
from benchmarks.results import Results
from benchmarks.row import Maker, Row
from benchmarks.timing import Case, Turns, measure, nothing
from benchmarks.trees import WITHOUT_HOOKS, Tree

PARTS, APPS = "parts", "apps"
_FILES, _APPS = 300, 50
_PATHS = {"GITVER_PATHS": "/part/"}
_BARE, _FRESH, _ID = "bare, part", "shim fresh, part", "gitver id, part"
_HOOK = f"hook of {_APPS} apps"


def measure_parts(tree: Tree, turns: Turns, results: Results) -> None:
    """With 300 more files, which alone count; leaves the tree as it was."""
    for number in range(_FILES):
        path = tree.path / f"part/{number % 10}/{number}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"print({number})\n")
    tree.git("add", "-A")
    tree.git("commit", "-q", "-m", "part")
    tree.gitver("model", GITVER_WAIT="60", **_PATHS)
    tree.note_recheck()
    python = tree.ground.python
    cases = [
        case(tree, _BARE, python, "-c", "pass"),
        case(
            tree, _FRESH, python, "-c", "import gitver_hooks.shim",
            before=tree.note_recheck, added=_PATHS,
        ),
        case(tree, _ID, tree.ground.gitver, "id", added=_PATHS),
    ]  # fmt: skip
    results.add(tree.size, measure(cases, turns))
    tree.git("reset", "-q", "--hard", "HEAD~1")


def measure_many_apps(ground: Ground, turns: Turns, results: Results) -> None:
    """The hook after a commit that changes none of 50 registered apps."""
    folder = ground.folder / APPS
    for number in range(_APPS):
        for name in range(10):
            _write(folder / f"apps/{number}/{name}.py", f"print({name})\n")
        _write(folder / f"apps/{number}/.gitver.yaml", "paths: ['*', /libs/]\n")
    _write(folder / "libs/common.py", "1\n")

    def git(*arguments: str) -> None:
        ground.run("git", *WITHOUT_HOOKS, *arguments, folder=folder)

    git("init", "-q")
    git("add", "-A")
    git("commit", "-q", "-m", "apps")
    hook = (ground.gitver, "hook", "post-commit")
    ground.run(*hook, folder=folder)
    ground.run(ground.gitver, "sync", folder=folder)
    command = Case(
        _HOOK, hook, folder, ground.environment,
        lambda: git("commit", "-q", "--allow-empty", "-m", "other"), nothing,
    )  # fmt: skip
    results.add(APPS, measure([command], turns))


def rows_of(results: Results, size: str) -> Iterator[Row]:
    """The rows of a tree of which a part counts."""
    make = Maker(results, PARTS, size)
    medium = size == "medium"
    shown = f"paths that name {_FILES} files"
    yield make.time(
        f"shim, fresh, {shown}, beyond a bare interpreter", _FRESH, 15 if medium else None, _BARE
    )
    yield make.time(f"gitver id, {shown}", _ID, 250 if medium else None)


def rows_of_many_apps(results: Results, size: str) -> Iterator[Row]:
    """The row of the repository with many apps."""
    yield Maker(results, PARTS, size).time(_HOOK, _HOOK, 300)


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
