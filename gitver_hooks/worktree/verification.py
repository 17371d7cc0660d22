"""Reads files whose stat data equals the index's where that does not prove their content."""

from __future__ import annotations

import os

from gitver_hooks.common.files import read_small, try_replace_file
from gitver_hooks.gitfiles.index import Index
from gitver_hooks.worktree.conversion import Conversion
from gitver_hooks.worktree.file_check import FileCheck, Findings
from gitver_hooks.worktree.head import HeadTree
from gitver_hooks.worktree.notebook import is_notebook

# The file of the state with the fingerprint of the rules at the last comparison.
_CONVERSION = "conversion"


def verify_staged(
    findings: Findings, index: Index, head: HeadTree, conversion: Conversion, files: FileCheck
) -> None:
    """Read the converted files and the notebooks whose content in the index is not HEAD's.

    What git stages for converted files depends on when they were staged, so stat data does not show
    that their bytes differ from what a checkout of HEAD writes. Of a notebook, git also stages what
    does not count.
    """
    may_convert = conversion.may_convert(findings.attributes)
    candidates = findings.trusted if may_convert else list(filter(is_notebook, findings.trusted))
    staged = _staged(candidates, index, head)
    files.read_trusted(
        [path for path in staged if is_notebook(path) or conversion.action(path) is not None]
    )


def verify_conversion(
    findings: Findings, conversion: Conversion, files: FileCheck, state_dir: str
) -> None:
    """Read all files if the conversion rules are not those of the last comparison.

    Stat data shows that a file is what git stored, but not under which rules: `git status` goes on
    to show such a file as unchanged until somebody touches it.
    """
    fingerprint = conversion.fingerprint(findings.attributes)
    path = os.path.join(state_dir, _CONVERSION)
    last_fingerprint = read_small(path)
    if last_fingerprint == fingerprint:
        return
    if last_fingerprint is not None:
        changes_before = len(findings.changes)
        files.read_trusted(findings.trusted)
        if len(findings.changes) != changes_before:
            return
    try_replace_file(path, fingerprint)


def _staged(trusted: list[bytes], index: Index, head: HeadTree) -> list[bytes]:
    """The files whose content in the index is not HEAD's."""
    staged = []
    equal_trees: dict[bytes, bool] = {}
    for path in trusted:
        directory = path.rpartition(b"/")[0]
        if directory not in equal_trees:
            tree = index.trees.get(directory)
            equal_trees[directory] = tree is not None and tree == head.tree_id(directory)
        if not equal_trees[directory]:
            entry = head.entry(path)
            if entry is None or entry[1] != index.id(index.entries[path]):
                staged.append(path)
    return staged
