"""Plays a tour of daily work: install the hooks, commit, edit, and run an app after each."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from gitver_hooks.common.errors import GitverError
from gitver_hooks.diagnosis.packages import loses_last_traces
from gitver_hooks.registry.tags import VERSION_TAG
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


class Tour:
    """A small repository, and the commands that somebody runs in it."""

    def __init__(self, worktree: Path, environment: Mapping[str, str]) -> None:
        self._worktree = worktree
        self._environment = environment
        self._warnings: list[str] = []

    def play(self) -> None:
        """Run the tour. Raises GitverError if a command fails."""
        self._explain("A small repository with an app in it.")
        self._worktree.mkdir()
        self._run("git", "init", "-q", "-b", "main")
        (self._worktree / "app.py").write_text(_APP)
        self._show("app.py", _APP)

        self._explain("Install the hooks, once per clone. Each commit is registered in MLflow.")
        self._run("gitver", "install")
        self._run("git", "add", "app.py")
        self._run("git", "commit", "-q", "-m", "First prompt")
        self._run("gitver", "model")

        self._explain("The app's trace is linked to that commit.")
        self._run("python", "app.py")

        self._explain("Edit the prompt. No hook runs, but the shim notices: this is a new version.")
        path = self._worktree / "app.py"
        path.write_text(path.read_text().replace(*_ANOTHER_PROMPT))
        self._run("git", "diff", "--stat")
        self._run("python", "app.py")

        self._explain("Commit the edit, and run the app twice.")
        self._run("git", "commit", "-q", "-a", "-m", "Second prompt")
        self._run("python", "app.py")
        self._run("python", "app.py")
        self._run("gitver", "status")

        self._explain("MLflow now knows which code produced each trace.")
        self._print_table()
        if loses_last_traces(sys.version_info):
            self._explain("On this Python an app must call `mlflow.flush_trace_async_logging()`")
            print("# before it ends, or MLflow loses its last traces: `gitver doctor` says why.")

    def _explain(self, text: str) -> None:
        print(f"\n# {text}", flush=True)

    def _show(self, name: str, content: str) -> None:
        print(f"$ cat {name}")
        print("".join(f"    {line}\n" for line in content.splitlines()), end="", flush=True)

    def _run(self, *command: str) -> None:
        """Show a command as a user would type it, run it, and show what it prints."""
        print("$ " + " ".join(f'"{word}"' if " " in word else word for word in command), flush=True)
        programs = {"gitver": [sys.executable, "-m", "gitver_hooks"], "python": [sys.executable]}
        program = programs.get(command[0], [command[0]])
        status, stdout, stderr = self._call([*program, *command[1:]])
        for line in stdout.splitlines():
            print(f"    {line}")
        # MLflow reports on standard error how it creates a new store, which is not shown.
        for line in stderr.splitlines():
            if line.startswith("gitver: "):
                print(f"    {line}")
        self._warnings += _problems(stderr)
        if status:
            raise GitverError(
                f"`{' '.join(command)}` exited with status {status}: {self._cause()}",
                "see `gitver doctor`",
            )

    def _call(self, command: list[str]) -> tuple[int, str, str]:
        """Run ``command`` in a process group of its own, which ends with it or with this one."""
        with subprocess.Popen(
            command,
            cwd=self._worktree,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            start_new_session=True,
        ) as process:
            try:
                stdout, stderr = process.communicate()
            except BaseException:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                raise
        return process.returncode, stdout, stderr

    def _cause(self) -> str:
        return self._warnings[-1] if self._warnings else "it printed no reason"

    def _print_table(self) -> None:
        from gitver_hooks.registry.own_process import prepare_own_process
        from gitver_hooks.registry.store import open_store

        prepare_own_process(int(float(self._environment["GITVER_WAIT"])))
        client = open_store(sqlite_uri(str(self._worktree / "mlflow.db")))
        models = client.search_logged_models(
            experiment_ids=["0"], order_by=[{"field_name": "creation_timestamp"}]
        )
        row = "{:<9} {:<6} {:<36} {}"
        print(row.format("VERSION", "STATE", "MODEL", "TRACES LINKED"))
        for model in models:
            version = model.tags[VERSION_TAG]
            state = "dirty" if "-dirty-" in version else "clean"
            traces = client.search_traces(experiment_ids=["0"], model_id=model.model_id)
            print(row.format(version[:8], state, model.name, len(traces)))
            if not traces:
                raise GitverError(
                    f"the app ran, but its trace is not in MLflow: {self._cause()}",
                    "see `gitver doctor`",
                )


def _problems(stderr: str) -> list[str]:
    """The lines that say what went wrong: gitver's own, and the last line of a traceback."""
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    return [
        line.removeprefix("gitver: ")
        for line in lines
        if line.startswith("gitver: ") or " ERROR " in line or " WARNING " in line
    ] + [line for line in lines[-1:] if "Error" in line]
