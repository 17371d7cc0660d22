"""Show all of it in a temporary folder: commits, an edit, an app, and the traces linked to them.

Needs nothing but git, takes less than a minute, and leaves nothing behind.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from gitver_hooks.common.errors import GitverError
from gitver_hooks.registry.tracking import sqlite_uri

_APP = """\
import gitver_hooks.shim  # the only line about versions
import mlflow

PROMPT = "Answer politely: {question}"


@mlflow.trace
def answer(question):
    return PROMPT.format(question=question)


print(answer("Where is my order?"))
"""
_ANOTHER_PROMPT = ("politely", "in one sentence")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """None."""


def run(arguments: argparse.Namespace) -> int:
    if shutil.which("git") is None:
        raise GitverError("git is not on PATH", "install git")
    with tempfile.TemporaryDirectory(prefix="gitver-demo-") as folder:
        _Demo(Path(folder)).play()
    return 0


class _Demo:
    """A small repository, and somebody who works in it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._worktree = folder / "shop"
        # Nobody's own settings, hooks or servers: what is shown here is the same everywhere.
        self._environment = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("GIT_", "GITVER_", "MLFLOW_", "_MLFLOW_"))
        } | {
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_AUTHOR_NAME": "Demo",
            "GIT_AUTHOR_EMAIL": "demo@example.com",
            "GIT_COMMITTER_NAME": "Demo",
            "GIT_COMMITTER_EMAIL": "demo@example.com",
            "PYTHONDONTWRITEBYTECODE": "1",
            "MLFLOW_DISABLE_TELEMETRY": "true",
        }

    def play(self) -> None:
        self._say("A small repository with an app in it.")
        self._worktree.mkdir()
        self._run("git", "init", "-q", "-b", "main")
        (self._worktree / "app.py").write_text(_APP)
        self._show("app.py", _APP)

        self._say("Install the hooks, once for a clone. The first commit is registered in MLflow.")
        self._run("gitver", "install")
        self._run("git", "add", "app.py")
        self._run("git", "commit", "-q", "-m", "First prompt")
        self._run("cat", ".mlflow-active-model")

        self._say("The app's trace is linked to that commit.")
        self._run("python", "app.py")

        self._say("Edit the prompt. No hook runs, but the shim notices: a version of its own.")
        path = self._worktree / "app.py"
        path.write_text(path.read_text().replace(*_ANOTHER_PROMPT))
        self._run("git", "diff", "--stat")
        self._run("python", "app.py")

        self._say("Commit the edit, and run the app twice.")
        self._run("git", "commit", "-q", "-a", "-m", "Second prompt")
        self._run("python", "app.py")
        self._run("python", "app.py")
        self._run("gitver", "status")

        self._say("What MLflow knows now: every trace hangs on the code that produced it.")
        self._print_table()

    def _say(self, text: str) -> None:
        print(f"\n# {text}", flush=True)

    def _show(self, name: str, content: str) -> None:
        print(f"$ cat {name}")
        print("".join(f"    {line}\n" for line in content.splitlines()), end="", flush=True)

    def _run(self, *command: str) -> None:
        """Show a command as a user would type it, run it, and show what it prints."""
        print("$ " + " ".join(f'"{word}"' if " " in word else word for word in command), flush=True)
        actual = {
            "gitver": [sys.executable, "-m", "gitver_hooks"],
            "python": [sys.executable],
        }.get(command[0], [command[0]])
        done = subprocess.run(
            [*actual, *command[1:]],
            cwd=self._worktree,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )
        for line in done.stdout.splitlines():
            print(f"    {line}")
        # MLflow tells on standard error how it builds a new store; that is not what this is about.
        ours = [line for line in done.stderr.splitlines() if line.startswith("gitver: ")]
        for line in ours:
            print(f"    {line}")
        if done.returncode:
            raise GitverError(
                f"`{' '.join(command)}` failed: {' '.join(done.stderr.split()[-40:])}",
                "mend that, and run `gitver demo` again",
            )

    def _print_table(self) -> None:
        from gitver_hooks.registry.store import open_store, prepare_environment

        prepare_environment(30)
        import mlflow

        client = open_store(sqlite_uri(str(self._worktree / "mlflow.db")))
        models = client.search_logged_models(
            experiment_ids=["0"], order_by=[{"field_name": "creation_timestamp"}]
        )
        row = "{:<9} {:<6} {:<36} {}"
        print(row.format("VERSION", "STATE", "MODEL", "TRACES LINKED"))
        for model in models:
            version = model.tags["gitver.version"]
            state = "dirty" if "-dirty-" in version else "clean"
            traces = client.search_traces(experiment_ids=["0"], model_id=model.model_id)
            print(row.format(version[:8], state, model.name, len(traces)))
            if not traces:
                raise GitverError(
                    f"MLflow {mlflow.__version__} has not stored a trace of the app",
                    "update it: MLflow before 3.4 does not work with the newest opentelemetry",
                )
