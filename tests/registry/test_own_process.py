"""Gitver's own processes import no more of MLflow than its client needs."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

_IMPORTED = """
import sys
from gitver_hooks.registry.own_process import prepare_own_process
prepare_own_process(60)
import mlflow
from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore
print(*[name for name in ("numpy", "pandas", "scipy") if sys.modules.get(name)])
"""


def imported(*path: Path) -> list[str]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, path))}
    done = subprocess.run(
        [sys.executable, "-c", _IMPORTED], env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_the_packages_that_only_the_full_mlflow_uses_are_not_imported() -> None:
    assert imported() == []


def test_a_plugin_for_mlflow_may_import_anything(tmp_path: Path) -> None:
    plugin = tmp_path / "plugin-1.dist-info"
    plugin.mkdir()
    (plugin / "METADATA").write_text("Metadata-Version: 2.1\nName: plugin\nVersion: 1\n")
    (plugin / "entry_points.txt").write_text("[mlflow.request_auth_provider]\nours = plugin:Auth\n")
    assert "pandas" in imported(tmp_path)
