"""Measures the start of an app: with the shim, and with MLflow's own versioning."""

from __future__ import annotations

from benchmarks.cases import make_known, python
from benchmarks.results import Results
from benchmarks.timing import Turns, measure
from benchmarks.trees import Tree

TRACING, NEW = "tracing app", "tracing app on a new dirty version"
FIRST = "tracing app whose store does not exist yet"
PLAIN, WITH_SHIM, WITH_MLFLOW = "app", "app with the shim", "app with MLflow's versioning"
REUSED = "both have the same model"

_SHIM = "import gitver_hooks.shim\nimport mlflow\n"
_VERSIONING = "import mlflow\nmlflow.genai.enable_git_model_versioning()\n"
# Both trace to the embedded store: with the shim, MLflow finds it by the variable that is set.
_TRACE = """\
mlflow.set_tracking_uri({uri!r})
with mlflow.start_span("answer"):
    pass
mlflow.flush_trace_async_logging()
"""
_SHOW = "print(mlflow.get_active_model_id())\n"


def measure_apps(tree: Tree, turns: Turns, results: Results) -> None:
    """On the branch ``main``, clean, with the version registered in the embedded store."""
    make_known(tree)
    ground = tree.ground
    shown = {
        ground.run(ground.python, "-c", program + _SHOW, folder=tree.path).output.strip()
        for program in (_SHIM, _VERSIONING)
    }
    results.note(tree.size, REUSED, len(shown) == 1)
    cases = [
        python(tree, PLAIN, "import mlflow"),
        python(tree, WITH_SHIM, _SHIM, before=tree.note_recheck),
        python(tree, WITH_MLFLOW, _VERSIONING),
    ]
    results.add(tree.size, measure(cases, turns.fewer(7)))
    _measure_first_starts(tree, turns, results)
    _measure_new_versions(tree, turns, results)


def _measure_first_starts(tree: Tree, turns: Turns, results: Results) -> None:
    """Start an app that traces to an embedded store, which MLflow has to create."""
    store = tree.ground.folder / "first.db"
    trace = _TRACE.format(uri=f"sqlite:///{store}")
    first = python(
        tree, FIRST, "import mlflow\n" + trace, before=lambda: store.unlink(missing_ok=True)
    )
    results.add(tree.size, measure([first], turns.fewer(5)))


def _measure_new_versions(tree: Tree, turns: Turns, results: Results) -> None:
    """Start an app that traces to the embedded store, on uncommitted code that is new each time."""
    trace = _TRACE.format(uri=f"sqlite:///{tree.path / 'mlflow.db'}")
    numbers = iter(range(10**9))
    app = tree.path / "app.py"
    committed = app.read_text()

    def edit() -> None:
        app.write_text(f"{committed}# edit {next(numbers)}\n")

    cases = [
        python(tree, TRACING, "import mlflow\n" + trace, before=edit),
        python(tree, NEW, "import gitver_hooks.shim\nimport mlflow\n" + trace, before=edit),
    ]
    results.add(tree.size, measure(cases, turns.fewer(7)))
    app.write_text(committed)
    make_known(tree)
