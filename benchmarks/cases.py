"""Cases to measure in a tree, and the preparation of the tree for them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from benchmarks.children import Failed
from benchmarks.timing import Case, nothing
from benchmarks.trees import WITHOUT_HOOKS, Tree

HOOKLESS = " without hooks"


def case(
    tree: Tree,
    name: str,
    *command: str,
    before: Callable[[], object] = nothing,
    after: Callable[[], object] = nothing,
    added: Mapping[str, str] = MappingProxyType({}),
) -> Case:
    """Run ``command`` in the tree, with the variables ``added``."""
    environment = {**tree.ground.environment, **added}
    return Case(name, command, tree.path, environment, before, after)


def python(
    tree: Tree,
    name: str,
    program: str,
    before: Callable[[], object] = nothing,
    after: Callable[[], object] = nothing,
) -> Case:
    """Run Python code in the tree."""
    command = (tree.ground.python, "-c", program)
    return case(tree, name, *command, before=before, after=after)


def with_and_without_hooks(
    tree: Tree,
    name: str,
    script: str,
    before: Callable[[], object] = nothing,
    after: Callable[[], object] = nothing,
    added: Mapping[str, str] = MappingProxyType({}),
) -> list[Case]:
    """Two cases: the shell script of git commands with native hooks, and without.

    ``after`` runs after the one with hooks, to check that they did their work.
    """
    _, path = WITHOUT_HOOKS
    key, _, value = path.partition("=")
    off = {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": key, "GIT_CONFIG_VALUE_0": value}
    command = ("sh", "-ec", script)
    return [
        case(tree, name, *command, before=before, after=after, added=added),
        case(tree, name + HOOKLESS, *command, before=before, added={**added, **off}),
    ]


def make_known(tree: Tree) -> None:
    """Register the version, and let git and gitver cache the present state of the files."""
    tree.git("status", "--porcelain")
    tree.gitver("model", GITVER_WAIT="60")
    tree.note_recheck()
    expect_fresh(tree)


def expect_fresh(tree: Tree) -> None:
    """Raises Failed unless the shim would find a fresh active model."""
    try:
        tree.gitver("status", "--check")
    except Failed as error:
        raise Failed(f"the active model of the {tree.size} tree is not fresh: {error}") from error
