"""Finds names that a module has copied from another module which was replaced afterwards.

Standard library only. After ``from prompts import SYSTEM``, a module holds what ``SYSTEM`` was
then, and a reload of ``prompts`` does not change that. IPython's autoreload updates functions and
classes in place, but no constants.
"""

from __future__ import annotations

import sys
from types import FunctionType
from typing import NamedTuple

from gitver_hooks.runtime.file_contents import content_of, last_change

TYPE_CHECKING = False
if TYPE_CHECKING:
    import ast
    from collections.abc import Iterable, Iterator
    from typing import Any

_DATA = (str, bytes, int, float, complex, bool, type(None), list, tuple, dict, set, frozenset)
_OF_THE_CLASS_ITSELF = ("__dict__", "__weakref__", "__firstlineno__", "__static_attributes__")
_MISSING = object()


class _Copy(NamedTuple):
    """``from module import name as alias``; the name ``*`` stands for all of them."""

    module: str
    name: str
    alias: str


# The copies in each file, with the time of its last change.
_known: dict[str, tuple[int, list[_Copy]]] = {}


def outdated_copy(namespace: dict[str, Any], path: str, replaced: dict[str, int]) -> str | None:
    """A name in ``namespace``, executed from ``path``, that a module in ``replaced`` has changed.

    As ``module.name``; None if there is none.
    """
    for copy in _copies(namespace, path):
        if copy.module not in replaced or copy.module not in sys.modules:
            continue
        source = sys.modules[copy.module].__dict__
        for name, alias in _names(copy, source):
            held = namespace.get(alias, _MISSING)
            if held is not _MISSING and not _is_same(held, source.get(name, _MISSING)):
                return f"{copy.module}.{name}"
    return None


def _names(copy: _Copy, source: dict[str, Any]) -> Iterable[tuple[str, str]]:
    if copy.name != "*":
        return [(copy.name, copy.alias)]
    names = source.get("__all__") or [name for name in source if not name.startswith("_")]
    return [(name, name) for name in names]


def _copies(namespace: dict[str, Any], path: str) -> list[_Copy]:
    changed = last_change(path)
    if path not in _known or _known[path][0] != changed:
        import ast

        try:
            body = ast.parse(content_of(path) or b"").body
        except (SyntaxError, ValueError):
            # It has changed since it was loaded, which is another problem.
            body = []
        package = namespace.get("__package__") or ""
        _known[path] = changed, list(_copies_of(body, package))
    return _known[path][1]


def _copies_of(statements: list[ast.stmt], package: str) -> Iterator[_Copy]:
    """Those at the level of the module, where they are executed once."""
    import ast

    for statement in statements:
        if isinstance(statement, ast.ImportFrom):
            module = _absolute(statement, package)
            for name in statement.names:
                yield _Copy(module, name.name, name.asname or name.name)
        elif isinstance(statement, (ast.If, ast.Try, ast.With, ast.ExceptHandler)):
            for part in ("body", "handlers", "orelse", "finalbody"):
                yield from _copies_of(getattr(statement, part, []), package)


def _absolute(statement: ast.ImportFrom, package: str) -> str:
    if not statement.level:
        return statement.module or ""
    parents = package.split(".")
    parents = parents[: len(parents) - statement.level + 1]
    return ".".join([*parents, *filter(None, [statement.module])])


def _is_same(held: object, current: object) -> bool:
    """Whether both behave alike, as far as that is easy to see."""
    if held is current:
        return True
    if type(held) is not type(current):
        return False
    try:
        if isinstance(held, FunctionType) and isinstance(current, FunctionType):
            return held.__code__ == current.__code__ and _is_same(
                (held.__defaults__, held.__kwdefaults__),
                (current.__defaults__, current.__kwdefaults__),
            )
        if isinstance(held, type) and isinstance(current, type):
            ours, theirs = vars(held), vars(current)
            names = (ours.keys() | theirs.keys()) - set(_OF_THE_CLASS_ITSELF)
            return all(_is_same(ours.get(name, _MISSING), theirs.get(name)) for name in names)
        return isinstance(held, _DATA) and bool(held == current)
    except Exception:
        # The app's own comparisons may do anything.
        return False
