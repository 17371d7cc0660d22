"""Notes reloads in which IPython's autoreload has executed only the changed definitions.

Standard library only. Unless it is told ``--full``, ``%autoreload`` executes the definitions of a
module that differ from before, and no more: what the module has computed from them stays as it was.
So it runs what is on disk only if it computes nothing when it is imported.
"""

from __future__ import annotations

import ast
import time

from gitver_hooks.runtime.loaded_modules import note_reload

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType
    from typing import Any

_LITERALS = (
    *(ast.Constant, ast.Tuple, ast.List, ast.Set, ast.Dict, ast.BinOp, ast.UnaryOp),
    *(ast.operator, ast.unaryop, ast.expr_context),
)


class NotingReload:
    """Autoreload's ``maybe_reload_module``, which notes what it has replaced completely."""

    def __init__(self, reloader: Any) -> None:
        self._reloader = reloader
        self._reload = reloader.maybe_reload_module

    def __call__(self, module: ModuleType) -> bool:
        began = time.time_ns()
        reloaded = bool(self._reload(module))
        name = module.__name__
        if reloaded and computes_nothing(self._reloader.source_by_modname.get(name, "")):
            note_reload(name, began)
        return reloaded


def note_partial_reloads(shell: Any) -> None:
    """Have the partial reloads of ``shell`` noted, if it has loaded the extension autoreload."""
    autoreload = shell.magics_manager.registry.get("AutoreloadMagics")
    # Older versions of IPython have none, and always execute the whole module.
    reloader: Any = getattr(getattr(autoreload, "_reloader", None), "deduper_reloader", None)
    reload = getattr(reloader, "maybe_reload_module", None)
    if reloader and reload and not isinstance(reload, NotingReload):
        reloader.maybe_reload_module = NotingReload(reloader)


def computes_nothing(source: str) -> bool:
    """Whether a module with this source consists of imports, constants and plain definitions."""
    return bool(source) and all(map(_is_plain, ast.parse(source).body))


def _is_plain(statement: ast.stmt) -> bool:
    if isinstance(statement, ast.ClassDef):
        computed = [*statement.bases, *statement.keywords, *statement.decorator_list]
        return not computed and all(map(_is_plain, statement.body))
    if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef)):
        arguments = statement.args
        defaults = [*arguments.defaults, *filter(None, arguments.kw_defaults)]
        return not statement.decorator_list and all(map(_is_literal, defaults))
    if isinstance(statement, (ast.Assign, ast.AnnAssign, ast.Expr)):
        return statement.value is None or _is_literal(statement.value)
    return isinstance(statement, (ast.Import, ast.ImportFrom, ast.Pass))


def _is_literal(value: ast.expr) -> bool:
    return all(isinstance(node, _LITERALS) for node in ast.walk(value))
