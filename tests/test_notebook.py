"""``%load_ext gitver_hooks`` in a real kernel: each cell runs under the version it is."""

from __future__ import annotations

import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.connect import write_connection_file
from support.notebooks import cells_of, kernel, save_notebook
from support.stores import App, model_of, versions_of_traces

_TRACE = """
import mlflow, helper
with mlflow.start_span("answer"):
    print(helper.VALUE)
"""

_ROOT_SPAN = """
with mlflow.start_span("answer"):
    pass
"""


@pytest.fixture
def prepared(app: App) -> App:
    app.write("helper.py", "VALUE = 'one'\n")
    app.write("prompt.txt", "Be brief.\n")
    app.commit("first")
    return app


@pytest.mark.parametrize(
    "first", ["gitver_hooks", pytest.param("autoreload", marks=pytest.mark.long)]
)
def test_each_cell_runs_under_its_version_with_autoreload(prepared: App, first: str) -> None:
    extensions = ["gitver_hooks", "autoreload"]
    extensions.sort(key=lambda name: name != first)
    expected = []
    with kernel(prepared.path) as notebook:
        loaded = "".join(notebook.run(f"%load_ext {name}") for name in extensions)
        notebook.run("%autoreload 2")
        model = model_of(prepared.store, prepared.version)
        assert loaded == f"gitver: this notebook runs as {model.name}\n"
        assert notebook.run(_TRACE) == "one\n"
        expected.append(prepared.version)

        prepared.write("helper.py", "VALUE = 'two, a longer value'\n")
        expected.append(prepared.version)
        model_name, printed = notebook.run(_TRACE).splitlines()
        assert printed == "two, a longer value"
        assert model_name == f"gitver: this notebook runs as {name_of(prepared, expected[-1])}"

        # From the second time on, autoreload executes only what has changed.
        prepared.write("helper.py", "VALUE = 'three, even a longer value'\n")
        expected.append(prepared.version)
        assert "three, even a longer value" in notebook.run(_TRACE)

        prepared.write("prompt.txt", "Be very brief.\n")
        expected.append(prepared.version)
        notebook.run(_TRACE)
        notebook.run("mlflow.flush_trace_async_logging()")
        assert versions_of_traces(prepared.store) == expected
        assert prepared.version in notebook.run("%gitver")
        assert f'"id": "{prepared.version}"' in notebook.run("%gitver --json")


def name_of(app: App, version: str) -> str:
    return model_of(app.store, version).name


def test_without_autoreload_a_cell_after_an_edit_of_a_module_has_no_version(prepared: App) -> None:
    with kernel(prepared.path) as notebook:
        notebook.run("%load_ext gitver_hooks")
        notebook.run(_TRACE)
        version = prepared.version
        prepared.write("helper.py", "VALUE = 'two, a longer value'\n")
        output = notebook.run(_TRACE)
        assert "helper.py changed after this process loaded it" in output
        assert output.endswith("one\n")
        notebook.run("mlflow.flush_trace_async_logging()")
        assert versions_of_traces(prepared.store) == [version, None]
        notebook.run("%unload_ext gitver_hooks")
        assert notebook.run(_TRACE) == "one\n"


def test_a_notebook_that_is_saved_while_its_kernel_runs_stays_the_same_version(app: App) -> None:
    path = app.path / "work.ipynb"
    sources = ["import mlflow", "%load_ext gitver_hooks", "print(1)", _ROOT_SPAN, _ROOT_SPAN]
    save_notebook(path, cells_of(sources))
    commit = app.commit("first")
    with kernel(app.path) as notebook:
        for number, source in enumerate(sources[1:], start=2):
            notebook.run(source)
            notebook.save(path, sources[number:])
        assert '"outputs"' in path.read_text()
        assert path.read_text() != app("show", "HEAD:work.ipynb")
        notebook.run("print(2)")
        notebook.save(path)
        notebook.run(_ROOT_SPAN)
        notebook.run("mlflow.flush_trace_async_logging()")
    first, second, third = versions_of_traces(app.store)
    assert first == second == commit
    assert third == app.version != commit


def test_a_kernel_that_vs_code_starts_is_versioned_by_the_folder_of_its_notebook(
    app: App, tmp_path: Path
) -> None:
    """VS Code starts the kernel in the folder of the workspace, and then tells it the notebook."""
    commit = app.commit("first")
    file, _ = write_connection_file(str(tmp_path / "kernel.json"))
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    command = [sys.executable, "-m", "ipykernel_launcher", f"--f={file}"]
    with subprocess.Popen(command, cwd=workspace) as process, ExitStack() as stack:
        stack.callback(process.terminate)
        client = BlockingKernelClient(connection_file=file)
        client.load_connection_file()
        client.start_channels(hb=False)
        client.wait_for_ready(timeout=120)
        for source in (
            f"globals()['__vsc_ipynb_file__'] = {str(app.path / 'work.ipynb')!r}",
            "%load_ext gitver_hooks\nimport mlflow",
            _ROOT_SPAN + "mlflow.flush_trace_async_logging()",
        ):
            reply = client.execute_interactive(source, timeout=240, output_hook=lambda _: None)
            assert reply["content"]["status"] == "ok", reply
        client.shutdown()
        client.stop_channels()
        process.wait(60)
    assert versions_of_traces(app.store) == [commit]
