"""``%load_ext gitver_hooks`` in a real kernel: each cell runs under the version it is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient
from support.stores import App, model_of, versions_of_traces

import gitver_hooks

_TRACE = """
import mlflow, helper
with mlflow.start_span("answer"):
    print(helper.VALUE)
"""


class Notebook:
    """Cells that run one after another in one kernel, in the folder of an app."""

    def __init__(self, client: NotebookClient) -> None:
        self._client = client

    def run(self, source: str) -> str:
        """Run a cell; what it printed."""
        cell = nbformat.v4.new_code_cell(source)  # type: ignore[no-untyped-call]
        self._client.nb.cells.append(cell)
        self._client.execute_cell(cell, len(self._client.nb.cells) - 1)
        outputs: list[Any] = cell.outputs
        return "".join(output.get("text", "") for output in outputs)


@contextmanager
def kernel(app: App) -> Iterator[Notebook]:
    client = NotebookClient(
        nbformat.v4.new_notebook(),  # type: ignore[no-untyped-call]
        kernel_name="python3",
        timeout=240,
        resources={"metadata": {"path": str(app.path)}},
    )
    with client.setup_kernel():
        yield Notebook(client)


@pytest.fixture
def prepared(app: App) -> App:
    app.write("helper.py", "VALUE = 'one'\n")
    app.write("prompt.txt", "Be brief.\n")
    app.commit("first")
    return app


def version_of(app: App) -> str:
    return gitver_hooks.identify(app.path).id


@pytest.mark.parametrize(
    "first", ["gitver_hooks", pytest.param("autoreload", marks=pytest.mark.long)]
)
def test_each_cell_runs_under_its_version_with_autoreload(prepared: App, first: str) -> None:
    extensions = ["gitver_hooks", "autoreload"]
    extensions.sort(key=lambda name: name != first)
    expected = []
    with kernel(prepared) as notebook:
        loaded = "".join(notebook.run(f"%load_ext {name}") for name in extensions)
        notebook.run("%autoreload 2")
        model = model_of(prepared.store, version_of(prepared))
        assert loaded == f"gitver: this notebook runs as {model.name}\n"
        assert notebook.run(_TRACE) == "one\n"
        expected.append(version_of(prepared))

        prepared.write("helper.py", "VALUE = 'two, a longer value'\n")
        expected.append(version_of(prepared))
        model_name, printed = notebook.run(_TRACE).splitlines()
        assert printed == "two, a longer value"
        assert model_name == f"gitver: this notebook runs as {name_of(prepared, expected[-1])}"

        prepared.write("prompt.txt", "Be very brief.\n")
        expected.append(version_of(prepared))
        notebook.run(_TRACE)
        notebook.run("mlflow.flush_trace_async_logging()")
        assert versions_of_traces(prepared.store) == expected
        assert version_of(prepared) in notebook.run("%gitver")


def name_of(app: App, version: str) -> str:
    return model_of(app.store, version).name


def test_without_autoreload_a_cell_after_an_edit_of_a_module_has_no_version(prepared: App) -> None:
    with kernel(prepared) as notebook:
        notebook.run("%load_ext gitver_hooks")
        notebook.run(_TRACE)
        version = version_of(prepared)
        prepared.write("helper.py", "VALUE = 'two, a longer value'\n")
        output = notebook.run(_TRACE)
        assert "helper.py changed after this process loaded it" in output
        assert output.endswith("one\n")
        notebook.run("mlflow.flush_trace_async_logging()")
        assert versions_of_traces(prepared.store) == [version, None]
        notebook.run("%unload_ext gitver_hooks")
        assert notebook.run(_TRACE) == "one\n"
