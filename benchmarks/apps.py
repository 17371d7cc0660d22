"""Measures the start of an app: with the shim, and with MLflow's own versioning."""

from __future__ import annotations

from benchmarks.cases import make_known, python
from benchmarks.results import Results
from benchmarks.timing import Turns, measure
from benchmarks.trees import Tree

PLAIN, WITH_SHIM, WITH_MLFLOW = "app", "app with the shim", "app with MLflow's versioning"
REUSED = "both have the same model"

_SHIM = "import gitver_hooks.shim\nimport mlflow\n"
_VERSIONING = "import mlflow\nmlflow.genai.enable_git_model_versioning()\n"
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
