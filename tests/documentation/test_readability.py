"""Code and prose stay readable: no function is too complex, no module or line too long."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.documents import PROJECT, all_documents

MOST_COMPLEX = 12  # Cyclomatic complexity as radon computes it.
LONGEST_FUNCTION, LONGEST_MODULE = 50, 250  # Lines.
LONGEST_LINE = 120  # Columns of prose, so that diffs of it are readable.

FOLDERS = ("gitver_hooks", "benchmarks", "tests")


def modules(*folders: str) -> Iterator[tuple[str, str]]:
    """The path and the source of each module."""
    for folder in folders:
        for path in Path(PROJECT, folder).rglob("*.py"):
            yield str(path.relative_to(PROJECT)), path.read_text()


def test_no_function_is_too_complex() -> None:
    radon = pytest.importorskip("radon.complexity", reason="`pip install radon`")
    for path, source in modules(*FOLDERS):
        # A test may check many things in a row.
        for block in radon.cc_visit(source, no_assert=path.startswith("tests")):
            is_class = block.letter == "C"
            assert is_class or block.complexity <= MOST_COMPLEX, (
                f"{path}: {block.fullname} has a complexity of {block.complexity}"
            )


def test_no_function_is_too_long() -> None:
    for path, source in modules(*FOLDERS):
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                assert lines <= LONGEST_FUNCTION, f"{path}: {node.name} has {lines} lines"


def test_no_module_of_the_package_is_too_long() -> None:
    for path, source in modules("gitver_hooks", "benchmarks"):
        lines = len(source.splitlines())
        assert lines <= LONGEST_MODULE, f"{path} has {lines} lines"


def test_prose_is_wrapped() -> None:
    for document in all_documents():
        for line in document.prose.splitlines():
            is_whole = line.startswith(("|", "#", "!["))
            assert is_whole or len(line) <= LONGEST_LINE, f"{document.name}: {line}"
