"""Random sequences of edits in a process that stays alive, and an oracle for its traces.

Each trace carries the values that the code returned which ran. The contents of each version are
known from when they were written.
"""

from __future__ import annotations

import json
import random
import sqlite3
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import closing
from itertools import product
from typing import Any

import pytest

import gitver_hooks
from support.commands import Done
from support.stores import App, ready_versions

# Each file has a value. What `first` defines can be replaced piece by piece; `second` computes
# something, and copies a value of `first`.
_SOURCES = {
    "first": "VALUE = {0}\n\n\ndef value():\n    return {0}\n",
    "second": "from first import VALUE as COPY\n\nBASE = {0}\nVALUE = BASE + 0\n\n\n"
    "def value():\n    return BASE\n",
    "data": "{0}\n",
}
_ANSWERING = """
import pathlib, sys
import mlflow

def answer(**values):
    for name in ("first", "second"):
        if name in sys.modules:
            module = sys.modules[name]
            values[name], values[name + " function"] = module.VALUE, module.value()
    if "second" in sys.modules:
        values["first copy"] = sys.modules["second"].COPY
    values["data"] = int(pathlib.Path(__file__).with_name("data.txt").read_text())
    with mlflow.start_span("answer") as span:
        span.set_outputs(values)
    mlflow.flush_trace_async_logging()
"""


class Driver(ABC):
    """A process with the app, which is edited while it runs."""

    # What can be done with it, apart from editing: name and relative frequency.
    steps: dict[str, int]

    @abstractmethod
    def take(self, step: str, choice: random.Random) -> None:
        """Do ``step``; traces are written on the way."""

    @abstractmethod
    def trace(self) -> None:
        """Run the app once more, as it is loaded."""

    def edited(self, name: str) -> None:  # noqa: B027
        """The file of ``name`` has been edited; most have nothing to do about it."""


class Versions:
    """All versions of an app, by the values in its files."""

    def __init__(self, app: App, gitver: Callable[..., Done], **files: str) -> None:
        """``files``: further files, by name; ``{0}`` is replaced by their value."""
        self._app = app
        self._sources = {**_SOURCES, **files}
        self.current = dict.fromkeys(self._sources, 0)
        self._contents: dict[str, dict[str, int]] = {}
        app.write("answering.py", _ANSWERING)
        for values in product((0, 1), repeat=len(self._sources)):
            for name, value in zip(self._sources, values, strict=True):
                self._write(name, value)
            if not any(values):
                app.commit("all zero")
            # All versions are known before, so that no step waits for MLflow.
            done = gitver(app.path, "model")
            assert done.returncode == 0, done.stderr
            contents = dict(zip(self._sources, values, strict=True))
            self._contents[gitver_hooks.identify(app.path).id] = contents
        for name in self._sources:
            self._write(name, 0)

    def flip(self, name: str) -> None:
        self.current[name] ^= 1
        self._write(name, self.current[name])

    def _write(self, name: str, value: int) -> None:
        suffix = ".txt" if name == "data" else ".py"
        self._app.write(name + suffix, self._sources[name].replace("{0}", str(value)))

    def check_traces(self) -> tuple[int, int]:
        """Fail if a trace is on a version that differs from what ran; traces with and without."""
        versions = ready_versions(self._app.path)
        linked = unlinked = 0
        for model_id, values in traces(self._app):
            if model_id is None:
                unlinked += 1
                continue
            linked += 1
            contents = self._contents[versions[model_id]]
            expected = {name: contents[name.split()[0]] for name in values}
            assert values == expected, f"{values} ran as {contents}"
        return linked, unlinked


def traces(app: App) -> list[tuple[str | None, Any]]:
    """The model and the outputs of each trace of the app, oldest first."""
    with closing(sqlite3.connect(app.store, timeout=60)) as store:
        rows = store.execute(
            "SELECT m.value, o.value FROM trace_info t "
            "JOIN trace_request_metadata o"
            " ON o.request_id = t.request_id AND o.key = 'mlflow.traceOutputs' "
            "LEFT JOIN trace_request_metadata m"
            " ON m.request_id = t.request_id AND m.key = 'mlflow.modelId' ORDER BY t.timestamp_ms"
        ).fetchall()
    return [(model_id, json.loads(outputs)) for model_id, outputs in rows]


def walk(versions: Versions, driver: Driver, seeds: range, length: int = 6) -> tuple[int, int]:
    """One random sequence of ``length`` steps for each seed; traces with and without a version."""
    names = list(versions.current)
    for seed in seeds:
        choice = random.Random(seed)
        print(f"sequence {seed}", flush=True)
        for _ in range(length):
            steps = {"edit": 3, "trace": 2, **driver.steps}
            (step,) = choice.choices(list(steps), list(steps.values()))
            # The clock of the file system moves on, as it does between a person's edits.
            time.sleep(0.03)
            if step == "edit":
                name = choice.choice(names)
                versions.flip(name)
                time.sleep(0.03)
                driver.edited(name)
            elif step == "trace":
                driver.trace()
            else:
                driver.take(step, choice)
            print(f"  {step} {versions.current}", flush=True)
        driver.trace()
    return versions.check_traces()


@pytest.fixture
def make_versions(
    app: App, gitver: Callable[..., Done], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Versions]:
    """``make_versions(name=source)``: an app with those files beside the common ones."""
    # Bytecode is one of the ways to run old code.
    monkeypatch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)

    def make(**files: str) -> Versions:
        return Versions(app, gitver, **files)

    return make
