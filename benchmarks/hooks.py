"""Measures what hooks add to git's own checkout and rebase."""

from __future__ import annotations

import sqlite3
from contextlib import closing

from benchmarks.cases import make_known, with_and_without_hooks
from benchmarks.children import Failed
from benchmarks.results import Results
from benchmarks.timing import Turns, measure
from benchmarks.trees import Tree

CHECKOUT, REBASE = "two checkouts", "rebase"
MLFLOW_IMPORTED, REGISTERED = "mlflow imported by a known hook", "registered by a rebase"
PICKS = 20
_CHANGED_FILES = 10


def measure_checkouts(tree: Tree, turns: Turns, results: Results) -> None:
    """Check out another commit and ``main`` again, with and without hooks; both are known."""
    _make_other_commit(tree)
    model = tree.active_model_file.read_text()

    def expect_main() -> None:
        tree.note_recheck()
        if tree.active_model_file.read_text() != model:
            raise Failed(f"after a checkout, {tree.active_model_file} is not that of main")

    there_and_back = "git checkout -q other; git checkout -q main"
    cases = with_and_without_hooks(
        tree, CHECKOUT, there_and_back, before=tree.note_recheck, after=expect_main
    )
    results.add(tree.size, measure(cases, turns))
    results.note(tree.size, MLFLOW_IMPORTED, _imports_mlflow(tree))
    make_known(tree)


def measure_rebase(tree: Tree, turns: Turns, results: Results) -> None:
    """Rebase 20 commits. The result has the same id each time, so only the first run is new."""
    _make_topic(tree)
    tree.ground.run("git", "rebase", "-q", "base", folder=tree.path)
    tree.gitver("model", GITVER_WAIT="60")

    def begin() -> None:
        tree.git("checkout", "-q", "-B", "topic", "start")
        tree.note_recheck()

    before = _registered(tree)
    cases = with_and_without_hooks(tree, REBASE, "git rebase -q base", before=begin)
    results.add(tree.size, measure(cases, turns.fewer(5)))
    results.note(tree.size, REGISTERED, _registered(tree) - before)
    tree.git("checkout", "-q", "main")
    make_known(tree)


def _make_other_commit(tree: Tree) -> None:
    """The branch ``other``, one commit from ``main``; both known; then back on ``main``."""
    tree.gitver("install")
    tree.git("checkout", "-q", "-B", "other", "main")
    for file in tree.files[-_CHANGED_FILES:]:
        with file.open("ab") as changed:
            changed.write(b"\n# other\n")
    tree.git("commit", "-q", "-a", "-m", "other")
    make_known(tree)
    tree.git("checkout", "-q", "main")
    make_known(tree)


def _imports_mlflow(tree: Tree) -> bool:
    """Whether a hook imports mlflow after a checkout of a known version."""
    tree.git("checkout", "-q", "other")
    program = "import sys; from gitver_hooks.cli import main; sys.exit(main())"
    arguments = ("hook", "post-checkout", "main", "other", "1")
    ended = tree.ground.run(
        tree.ground.python, "-X", "importtime", "-c", program, *arguments, folder=tree.path
    )
    tree.git("checkout", "-q", "main")
    names = {line.rpartition("|")[2].strip() for line in ended.errors.splitlines()}
    if "gitver_hooks.recording.record" not in names:
        raise Failed("the hook did not record the checkout")
    return "mlflow" in names


def _make_topic(tree: Tree) -> None:
    """``topic`` and ``start``: 20 commits from ``main``; ``base``: another one."""
    tree.gitver("install")
    tree.git("checkout", "-q", "-B", "base", "main")
    (tree.path / "base.py").write_text("base = True\n")
    tree.git("add", "base.py")
    tree.git("commit", "-q", "-m", "base")
    tree.git("checkout", "-q", "-B", "topic", "main")
    for number in range(PICKS):
        (tree.path / f"topic{number}.py").write_text(f"number = {number}\n")
        tree.git("add", f"topic{number}.py")
        tree.git("commit", "-q", "-m", f"topic {number}")
    tree.git("branch", "-q", "-f", "start", "topic")


def _registered(tree: Tree) -> int:
    """The number of LoggedModels in the tree's embedded store."""
    with closing(sqlite3.connect(tree.path / "mlflow.db")) as store:
        return int(store.execute("SELECT COUNT(*) FROM logged_models").fetchone()[0])
