"""Checks that the hooks are in place, that git runs them, and that they find gitver."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from gitver_hooks.common.errors import GitverError
from gitver_hooks.diagnosis.finding import OK, PROBLEM, WARNING, Finding
from gitver_hooks.diagnosis.packages import mlflow_version
from gitver_hooks.gitfiles.location import Location
from gitver_hooks.installation import hook_files
from gitver_hooks.installation.hook_files import NAMES
from gitver_hooks.installation.hooks_folder import (
    NATIVE,
    PRE_COMMIT,
    hooks_folder,
    hooks_in_place,
    place_of,
)

_REINSTALL = "run `gitver install` from the app's environment"
# Prints the version of MLflow that a hook's interpreter has, as the hook starts it.
_PROBE = """\
import json, sys
sys.path[:] = filter(None, sys.path)
from gitver_hooks.diagnosis.packages import mlflow_version
print(json.dumps(mlflow_version()))
"""


def check_hooks(location: Location, environment: Mapping[str, str]) -> Iterator[Finding]:
    """Findings about the hooks of a worktree and the interpreters that they start."""
    try:
        folder = hooks_folder(location, environment)
    except GitverError as error:
        yield Finding("hooks", PROBLEM, error.message, error.remedy)
        return
    in_place = hooks_in_place(location, environment)
    yield _in_place(folder, in_place)
    native = [place_of(folder, name) for name, means in in_place.items() if means == NATIVE]
    interpreters = {hook_files.interpreter_of(path) for path in native}
    for interpreter in sorted(interpreters - {""}):
        yield _interpreter(interpreter)
    needs_command = "" in interpreters or PRE_COMMIT in in_place.values()
    if needs_command and shutil.which("gitver", path=environment.get("PATH")) is None:
        yield Finding(
            "hooks",
            WARNING,
            "`gitver` is not on PATH, where hooks without an interpreter of their own look for it",
            "activate the app's environment before you use git, or run `gitver install`",
        )


def _in_place(folder: Path, in_place: Mapping[str, str]) -> Finding:
    not_executable = [
        name
        for name in NAMES
        if hook_files.is_ours(path := place_of(folder, name)) and not hook_files.is_executable(path)
    ]
    if not_executable:
        names = " ".join(not_executable)
        return Finding(
            "hooks", PROBLEM, f"not executable, so git skips them: {names}", "run `gitver install`"
        )
    # pre-commit has no post-applypatch stage.
    expected = [
        name for name in NAMES if name != "post-applypatch" or PRE_COMMIT not in in_place.values()
    ]
    missing = [name for name in expected if name not in in_place]
    if not in_place:
        return Finding(
            "hooks",
            PROBLEM,
            f"no hook in {folder} runs gitver",
            "run `gitver install`, or `pre-commit install` if you use the plugin",
        )
    if missing:
        return Finding(
            "hooks",
            PROBLEM,
            f"these hooks do not run gitver: {' '.join(missing)}",
            "run `gitver install`, or list them in default_install_hook_types and run"
            " `pre-commit install`",
        )
    return Finding("hooks", OK, f"{len(in_place)} hooks in {folder}")


def _interpreter(interpreter: str) -> Finding:
    if not os.access(interpreter, os.X_OK):
        return Finding(
            "interpreter",
            PROBLEM,
            f"the hooks start {interpreter}, which no longer exists",
            _REINSTALL,
        )
    if os.path.abspath(interpreter) == os.path.abspath(sys.executable):
        return Finding("interpreter", OK, f"the hooks start {interpreter}, as this command does")
    result = subprocess.run(
        [interpreter, "-E", "-c", _PROBE], capture_output=True, text=True, errors="replace"
    )
    if result.returncode:
        reason = (result.stderr.strip().splitlines() or ["no reason given"])[-1]
        return Finding(
            "interpreter",
            PROBLEM,
            f"the hooks start {interpreter}, which cannot import gitver: {reason}",
            _REINSTALL,
        )
    version = json.loads(result.stdout)
    if version != mlflow_version():
        return Finding(
            "interpreter",
            WARNING,
            f"the hooks start {interpreter} with MLflow {version}, and this is {sys.executable}"
            f" with MLflow {mlflow_version()}",
            _REINSTALL,
        )
    return Finding("interpreter", OK, f"the hooks start {interpreter}, with the same MLflow")
