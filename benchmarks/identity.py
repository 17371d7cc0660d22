"""Measures `gitver id` and the shim against other ways to tell a version."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

from benchmarks.cases import case, expect_fresh, make_known, python
from benchmarks.children import peak_memory
from benchmarks.results import Results
from benchmarks.timing import Case, Turns, measure, nothing
from benchmarks.trees import Tree

SHIM = "import gitver_hooks.shim"
# Names of cases; rows.py refers to them.
BARE, FRESH, DUE, STATUS = "bare interpreter", "shim fresh", "shim, recheck due", "git status"
ADD, GUIDE, GUIDE_STATUS = "git add and write-tree", "guide", "guide with a look for changes"
COLD, WARM, DULWICH = "gitver id cold", "gitver id", "dulwich status"
EDITED, TOUCHED = " after an edit", " after a touch"
FOREIGN_MODULES = "modules outside of the standard library"
PEAKS = "peak memory in bytes"

# The snippet in MLflow's guide uses the first eight characters of the commit.
_GUIDE = """\
import subprocess
try:
    commit = subprocess.check_output(["git", "rev-parse", "HEAD"]).decode("ascii").strip()[:8]
    version = f"git-{commit}"
except subprocess.CalledProcessError:
    version = "local-dev"
"""
# The guide does not handle edits; this is the obvious extension of its snippet.
_GUIDE_STATUS = (
    _GUIDE
    + """\
if subprocess.check_output(["git", "status", "--porcelain"]):
    difference = subprocess.check_output(["git", "diff", "HEAD"])
"""
)
_DULWICH = "from dulwich import porcelain; porcelain.status('.')"


def measure_identity(tree: Tree, turns: Turns, results: Results) -> None:
    """Measure all cases in a tree whose version is registered; leaves the tree clean."""
    make_known(tree)
    results.note(tree.size, FOREIGN_MODULES, foreign_modules(tree))
    results.note(tree.size, PEAKS, _peaks(tree))
    results.add(tree.size, measure(_clean(tree), turns))
    results.add(tree.size, measure([_recheck_due(tree)], turns.fewer(3)))
    results.add(tree.size, measure(_edited(tree), turns))
    results.add(tree.size, measure(_touched(tree), turns.fewer(7)))
    results.add(tree.size, measure(_dulwich(tree), _for_dulwich(tree, turns)))
    make_known(tree)


def foreign_modules(tree: Tree) -> list[str]:
    """Third-party modules that the shim imports when the file is fresh."""
    ground = tree.ground

    def imported(program: str) -> set[str]:
        lines = ground.run(
            ground.python, "-X", "importtime", "-c", program, folder=tree.path
        ).errors.splitlines()
        return {line.rpartition("|")[2].strip() for line in lines if line.startswith("import time")}

    new = imported(SHIM) - imported("pass")
    ours = {"gitver_hooks", *sys.stdlib_module_names}
    return sorted(name for name in new if name.partition(".")[0] not in ours)


def _peaks(tree: Tree) -> dict[str, int]:
    ground = tree.ground
    shim = peak_memory((ground.python, "-c", SHIM), tree.path, ground.environment)
    _forget(tree)
    cold = peak_memory((ground.gitver, "id"), tree.path, ground.environment)
    _remember(tree)
    return {COLD: cold, FRESH: shim}


def _clean(tree: Tree) -> list[Case]:
    return [
        python(tree, BARE, "pass"),
        python(tree, FRESH, SHIM, before=tree.note_recheck),
        *_four(tree, "", nothing),
        python(tree, GUIDE, _GUIDE),
        case(
            tree,
            COLD,
            tree.ground.gitver,
            "id",
            before=lambda: _forget(tree),
            after=lambda: _remember(tree),
        ),
    ]


def _four(tree: Tree, suffix: str, prepare: Callable[[], object]) -> list[Case]:
    """The cases for one state of the tree, which ``prepare`` creates."""
    scratch = tree.ground.folder / "index"
    index = tree.path / ".git" / "index"

    def copy_index() -> None:
        prepare()
        # Preserve the times: git re-reads files that are not older than its index.
        shutil.copy2(index, scratch)

    return [
        case(tree, STATUS + suffix, "git", "status", "--porcelain", before=prepare),
        case(
            tree,
            ADD + suffix,
            "sh",
            "-c",
            "git add -A && git write-tree",
            before=copy_index,
            added={"GIT_INDEX_FILE": str(scratch)},
        ),
        python(tree, GUIDE_STATUS + suffix, _GUIDE_STATUS, before=prepare),
        case(tree, WARM + suffix, tree.ground.gitver, "id", before=prepare),
    ]


def _recheck_due(tree: Tree) -> Case:
    rechecked = tree.state / "rechecked"

    def wait_for_background() -> None:
        tree.gitver("sync")
        expect_fresh(tree)

    return python(
        tree,
        DUE,
        SHIM,
        before=lambda: rechecked.unlink(missing_ok=True),
        after=wait_for_background,
    )


def _edited(tree: Tree) -> list[Case]:
    """Edit a file, differently each time so that no cache knows the content."""
    edited = tree.path / "app.py"
    edits = iter(range(10**9))
    cases = _four(tree, EDITED, lambda: edited.write_text(f"print({next(edits)})\n"))
    original = edited.read_text()

    def undo() -> None:
        edited.write_text(original)

    return [Case(c.name, c.command, c.folder, c.environment, c.before, undo) for c in cases]


def _touched(tree: Tree) -> list[Case]:
    def touch() -> None:
        tree.touch_all()
        tree.note_recheck()

    return [*_four(tree, TOUCHED, touch), python(tree, FRESH + TOUCHED, SHIM, before=touch)]


def _dulwich(tree: Tree) -> list[Case]:
    """dulwich's status rewrites the index, so it runs last, on a copy."""
    index, kept = tree.path / ".git" / "index", tree.ground.folder / "index"
    shutil.copy2(index, kept)

    def put_back() -> None:
        shutil.copy2(kept, index)

    return [python(tree, DULWICH, _DULWICH, before=put_back, after=put_back)]


def _for_dulwich(tree: Tree, turns: Turns) -> Turns:
    # It takes a minute with 100,000 files.
    return Turns(1, 0) if tree.count > 50_000 else turns.fewer(3)


def _forget(tree: Tree) -> None:
    os.rename(tree.state, _aside(tree))


def _remember(tree: Tree) -> None:
    shutil.rmtree(tree.state)
    os.rename(_aside(tree), tree.state)


def _aside(tree: Tree) -> Path:
    return tree.state.with_name("gitver-aside")
