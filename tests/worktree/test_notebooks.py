"""Notebooks count by the sources of their cells."""

from __future__ import annotations

import json
import os
import sys
import time
from typing import Any

import pytest
from support.git import Git

from gitver_hooks.repository.repository import open_repository
from gitver_hooks.settings import load_settings
from gitver_hooks.version.diff import write_diff
from gitver_hooks.version.identify import Identified, identify, identify_worktree
from gitver_hooks.worktree.notebook import only_sources


def notebook(*sources: Any, output: str = "", kinds: str = "code", **metadata: Any) -> str:
    cells: list[dict[str, Any]] = [
        {"cell_type": kinds, "id": "abc", "metadata": metadata, "source": source}
        for source in sources
    ]
    if kinds == "code":
        shown = [{"output_type": "stream", "name": "stdout", "text": [output]}] if output else []
        for number, cell in enumerate(cells):
            cell |= {"execution_count": number if output else None, "outputs": shown}
    return json.dumps(
        {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}, indent=1
    )


def read(git: Git) -> Identified:
    with open_repository(git.path, dict(os.environ)) as repository:
        return identify_worktree(repository, load_settings(repository))


@pytest.fixture
def with_notebook(git: Git) -> Git:
    git.write("a.ipynb", notebook("import x\n", "x.run()"))
    git.commit("notebook")
    return git


@pytest.mark.parametrize(
    "saved",
    [
        notebook("import x\n", "x.run()", output="1\n"),
        notebook("import x\n", "x.run()", kernelspec={"name": "python3"}),
        notebook(["import ", "x\n"], ["x.run()"]),
        notebook("import x\n", "x.run()").replace("\n", "\r\n"),
    ],
    ids=["outputs", "metadata", "lines", "line ends"],
)
@pytest.mark.parametrize("staged", [False, True])
def test_what_running_and_saving_changes_leaves_the_version_clean(
    with_notebook: Git, saved: str, staged: bool
) -> None:
    git = with_notebook
    git.write("a.ipynb", saved)
    if staged:
        # The index is younger than the file then, so the file's stat data is trusted.
        time.sleep(0.02)
        git("add", "-A")
    version = identify(git.path)
    assert (version.id, version.tree) == (git("rev-parse", "HEAD"), git("rev-parse", "HEAD^{tree}"))


@pytest.mark.parametrize(
    "edited",
    [
        notebook("import y\n", "x.run()"),
        notebook("import x\n"),
        notebook("x.run()", "import x\n"),
        notebook("import x\n", "x.run()", kinds="markdown"),
    ],
    ids=["edited", "removed", "moved", "another kind"],
)
def test_an_edited_source_is_another_version_however_often_it_is_run(
    with_notebook: Git, edited: str
) -> None:
    git = with_notebook
    clean = identify(git.path).id
    git.write("a.ipynb", edited)
    first = identify(git.path)
    assert first.dirty and first.id != clean
    run = json.loads(edited)
    run["metadata"] = {"kernelspec": {}}
    git.write("a.ipynb", json.dumps(run))
    assert identify(git.path) == first
    git("add", "-A")
    assert identify(git.path) == first
    git.commit("edited")
    assert not identify(git.path).dirty


def test_an_untracked_notebook_counts_by_its_sources_too(git: Git) -> None:
    git.write("new.ipynb", notebook("1"))
    first = identify(git.path)
    git.write("new.ipynb", notebook("1", output="1"))
    assert identify(git.path) == first
    git.write("new.ipynb", notebook("2"))
    assert identify(git.path) != first


@pytest.mark.parametrize(
    "content",
    ["", "{", "[]", "{}", '{"nbformat": 3, "worksheets": []}', '{"nbformat": 4, "cells": [1]}',
     '{"nbformat": 4, "cells": [{"cell_type": "code", "source": 1}]}', "[" * 100_000],
)  # fmt: skip
def test_other_files_count_by_their_bytes(git: Git, content: str) -> None:
    assert only_sources(content.encode()) is None
    git.write("a.ipynb", content)
    git.commit("a")
    assert not identify(git.path).dirty
    git.write("a.ipynb", content + " ")
    assert identify(git.path).dirty


def test_the_diff_of_a_notebook_leads_to_the_tree_of_its_version(with_notebook: Git) -> None:
    git = with_notebook
    git.write("a.ipynb", notebook("import x\n", "x.stop()", output="2"))
    with open_repository(git.path, dict(os.environ)) as repository:
        found = identify_worktree(repository, load_settings(repository))
        (patch,) = write_diff(found.content).patches
    git("checkout", "-q", "a.ipynb")
    git.write("../patch", patch.patch)
    git("apply", "--index", "../patch")
    assert git("write-tree") == found.version.tree
    assert identify(git.path) == found.version


def test_the_filter_of_git_decides_where_there_is_one(with_notebook: Git) -> None:
    git = with_notebook
    # As nbstripout does, it removes the outputs, and unlike gitver it keeps the metadata.
    code = (
        "import json, sys; n = json.load(sys.stdin)\n"
        "for c in n['cells']: c.update(outputs=[], execution_count=None)\n"
        "print(json.dumps(n, indent=1), end='')"
    )
    git.write("../strip.py", code)
    git("config", "filter.strip.clean", f"{sys.executable} {git.path.parent / 'strip.py'}")
    git.commit("attributes", **{".gitattributes": "*.ipynb filter=strip\n"})
    git.write("a.ipynb", notebook("import x\n", "x.run()", output="1\n"))
    assert not identify(git.path).dirty
    git.write("a.ipynb", notebook("import x\n", "x.run()", kernelspec={"name": "other"}))
    assert identify(git.path).dirty
    git("add", "-A")
    assert identify(git.path).tree == git("write-tree")
