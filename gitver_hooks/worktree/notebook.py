"""Reduces a notebook to what counts: the kinds and the sources of its cells (nbformat 4).

Outputs, execution counts and metadata change whenever a notebook is run or saved, without a change
of what it does (nbformat.readthedocs.io, "The notebook file format").
"""

from __future__ import annotations

from typing import Any

# Bytes. Larger ones count like any other file.
LARGEST_NOTEBOOK = 64 << 20


def is_notebook(path: bytes) -> bool:
    """Whether a file of this name is taken for a notebook."""
    return path.endswith(b".ipynb")


def only_sources(content: bytes) -> bytes | None:
    """The notebook with the kinds and the sources of its cells and nothing else.

    None if ``content`` is no notebook of format 4: then its bytes count.
    """
    # Imported where needed: most worktrees have no changed notebook.
    import json

    try:
        notebook = json.loads(content)
    except (ValueError, RecursionError):
        return None
    if not isinstance(notebook, dict) or notebook.get("nbformat") != 4:
        return None
    cells = notebook.get("cells")
    if not isinstance(cells, list):
        return None
    counted = [_only_source(cell) for cell in cells]
    if None in counted:
        return None
    shown = {"cells": counted, "metadata": {}, "nbformat": 4, "nbformat_minor": 4}
    text = json.dumps(shown, ensure_ascii=False, indent=1) + "\n"
    return text.encode("utf-8", "surrogatepass")


def _only_source(cell: Any) -> dict[str, Any] | None:
    """The cell without what does not count, but still valid; None if it is no cell."""
    if not isinstance(cell, dict):
        return None
    kind, source = cell.get("cell_type"), cell.get("source")
    lines = [source] if isinstance(source, str) else source
    if not isinstance(kind, str) or not isinstance(lines, list):
        return None
    if not all(isinstance(line, str) for line in lines):
        return None
    counted: dict[str, Any] = {"cell_type": kind, "metadata": {}}
    if kind == "code":
        counted |= {"execution_count": None, "outputs": []}
    return counted | {"source": "".join(lines).splitlines(keepends=True)}
