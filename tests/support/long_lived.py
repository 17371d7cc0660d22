"""A process of an app that stays alive and does what it is told, one command at a time."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest

from support.stores import App

# The modules `first` and `second` have a VALUE; data.txt is read at each request.
_PROGRAM = """
import importlib, json, os, sys, threading
import gitver_hooks, mlflow

def modules():
    return {name: sys.modules[name].VALUE for name in ("first", "second") if name in sys.modules}

def activate_and_trace(done):
    gitver_hooks.activate()
    with mlflow.start_span("answer"):
        pass
    mlflow.flush_trace_async_logging()
    done.set()
    # The thread stays, as those of a server's pool do.
    threading.Event().wait()

for line in sys.stdin:
    verb, name = json.loads(line)
    answer = None
    try:
        if verb == "import":
            importlib.import_module(name)
        elif verb == "reload":
            importlib.reload(importlib.import_module(name))
        elif verb == "activate":
            active = gitver_hooks.activate()
            answer = active and active.version
        elif verb == "watch":
            gitver_hooks.watch(float(name))
        elif verb == "trace in a thread":
            done = threading.Event()
            threading.Thread(target=activate_and_trace, args=[done], daemon=True).start()
            done.wait()
        elif verb == "trace":
            gitver_hooks.activate()
            importlib.import_module("answering").answer()
        elif verb == "context":
            answer = mlflow.get_active_model_id()
    except Exception as error:
        answer = type(error).__name__
    print(json.dumps([answer, modules()]), flush=True)
"""


class LongLived:
    """The process; ``tell`` returns its answer and the values of the modules it has loaded."""

    def __init__(self, app: App) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "serve.py"],
            cwd=app.path,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def tell(self, verb: str, name: str = "") -> tuple[str | None, dict[str, int]]:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps([verb, name]) + "\n")
        self._process.stdin.flush()
        answer, loaded = json.loads(self._process.stdout.readline())
        return answer, loaded

    def end(self) -> str:
        """End the process; what it wrote to standard error."""
        return self._process.communicate(timeout=60)[1]


def write_values(app: App, first: int, second: int, data: int) -> None:
    """Write the contents that make up a version of the app, as far as they differ."""
    contents = {
        "first.py": f"VALUE = {first}\n",
        "second.py": f"VALUE = {second}\n",
        "data.txt": f"{data}\n",
    }
    for name, content in contents.items():
        path = app.path / name
        if not path.exists() or path.read_text() != content:
            app.write(name, content)


def write_program(app: App) -> None:
    """Write the program that a ``LongLived`` runs."""
    app.write("serve.py", _PROGRAM)


@pytest.fixture
def start(app: App, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], LongLived]]:
    """``start()``: another process of the app, whose first version is committed."""
    # Bytecode is one of the ways to run old code.
    monkeypatch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
    write_program(app)
    write_values(app, 0, 0, 0)
    app.commit("first")
    started: list[LongLived] = []

    def make() -> LongLived:
        started.append(LongLived(app))
        return started[-1]

    yield make
    for process in started:
        process.end()
