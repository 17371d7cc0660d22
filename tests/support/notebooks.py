"""Cells that run one after another in a real kernel."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient


class Notebook:
    """Cells that run one after another in one kernel."""

    def __init__(self, client: NotebookClient) -> None:
        self._client = client

    def run(self, source: str) -> str:
        """Run a cell; what it printed."""
        cell = nbformat.v4.new_code_cell(source)  # type: ignore[no-untyped-call]
        self._client.nb.cells.append(cell)
        self._client.execute_cell(cell, len(self._client.nb.cells) - 1)
        outputs: list[Any] = cell.outputs
        return "".join(output.get("text", "") for output in outputs)

    def save(self, path: Path, unexecuted: list[str] | None = None) -> None:
        """Save the cells with their outputs, as JupyterLab does while the kernel runs.

        ``unexecuted``: the sources of further cells.
        """
        save_notebook(path, [*self._client.nb.cells, *cells_of(unexecuted or [])])


def cells_of(sources: list[str]) -> list[nbformat.NotebookNode]:
    new_cell = nbformat.v4.new_code_cell
    return [new_cell(source) for source in sources]  # type: ignore[no-untyped-call]


def save_notebook(path: Path, cells: list[nbformat.NotebookNode]) -> None:
    notebook = nbformat.v4.new_notebook(cells=cells)  # type: ignore[no-untyped-call]
    nbformat.write(notebook, path)  # type: ignore[no-untyped-call]


@contextmanager
def kernel(folder: Path) -> Iterator[Notebook]:
    """A kernel that is started in ``folder``."""
    client = NotebookClient(
        nbformat.v4.new_notebook(),  # type: ignore[no-untyped-call]
        kernel_name="python3",
        timeout=240,
        resources={"metadata": {"path": str(folder)}},
    )
    with client.setup_kernel():
        notebook = Notebook(client)
        # What a library warns of when it is first imported is not what a cell prints.
        notebook.run("import mlflow")
        yield notebook
