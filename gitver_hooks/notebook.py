"""The IPython extension: ``%load_ext gitver_hooks`` checks the version before each cell.

A line tells when the version has changed; ``%gitver`` prints what ``gitver status`` does.
"""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

from gitver_hooks.common.printing import show
from gitver_hooks.handover.environment import user_environment
from gitver_hooks.handover.launch import recording_command
from gitver_hooks.runtime.activation import activate
from gitver_hooks.runtime.partial_reloads import note_partial_reloads

if TYPE_CHECKING:
    import ast
    from typing import Any

# The session of each shell, by its id.
_sessions: dict[int, _Session] = {}


class _Session:
    """Keeps the active model of one shell up to date.

    IPython applies its AST transformers to each cell after all events before it, so that modules
    which ``%autoreload`` has just reloaded are seen as such, whichever extension was loaded first.
    """

    def __init__(self, shell: Any) -> None:
        # Later, the notebook may change the current folder.
        self._folder = os.path.dirname(shell.user_ns.get("__vsc_ipynb_file__", "")) or os.getcwd()
        self._version: str | None = None
        self._shell = shell

    def visit(self, node: ast.AST) -> ast.AST:
        """Check the version before the cell ``node`` runs; the cell stays as it is."""
        try:
            self.check()
        except Exception as error:
            # A cell never fails because of its versioning.
            show(f"gitver: this notebook is not versioned: {error or type(error).__name__}")
        return node

    def check(self) -> None:
        active = activate(self._folder)
        version = (active.version or active.model_id) if active else None
        if active and version != self._version:
            show(f"gitver: this notebook runs as {active.name or active.model_id}")
        self._version = version

    def follow_autoreload(self, _result: object = None) -> None:
        """Notice the reloads of ``%autoreload``, which a cell may have loaded."""
        note_partial_reloads(self._shell)

    def print_status(self, line: str = "") -> None:
        """Print what ``gitver status`` prints with the options in ``line``."""
        completed = subprocess.run(
            recording_command("status", *line.split()),
            cwd=self._folder,
            env=user_environment(os.environ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
        for line in completed.stdout.splitlines():
            show(line)


def load_ipython_extension(shell: Any) -> None:
    """Check the version now and before each cell. IPython calls this for ``%load_ext``."""
    unload_ipython_extension(shell)
    session = _sessions[id(shell)] = _Session(shell)
    shell.events.register("post_run_cell", session.follow_autoreload)
    session.follow_autoreload()
    shell.ast_transformers.append(session)
    shell.register_magic_function(session.print_status, "line", "gitver")
    session.check()


def unload_ipython_extension(shell: Any) -> None:
    """Check no more. IPython calls this for ``%unload_ext``."""
    session = _sessions.pop(id(shell), None)
    if session is not None:
        shell.events.unregister("post_run_cell", session.follow_autoreload)
    if session in shell.ast_transformers:
        shell.ast_transformers.remove(session)
