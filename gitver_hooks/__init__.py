"""gitver-hooks: every MLflow trace linked to the exact code that produced it.

Two halves, and a wall between them: the active-model file and the state in the git dir.

The recording half, which hooks and commands run: ``recording`` identifies the version (``version``,
``worktree``), writes file and state if its model is known, and otherwise writes a registration to
the outbox. A detached process delivers it to MLflow (``registry``).

The runtime half, which an app imports, uses the standard library only: ``shim`` calls
``runtime.activation``, which reads file and state (``handover``), checks that the worktree has not
changed, and sets MLflow's variables. If the code has changed, it starts the recording half as
another process and waits.

docs/architecture.md follows a commit and an app start through the packages.
"""

__version__ = "0.1.0"

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gitver_hooks.common.errors import GitverError
    from gitver_hooks.history.assemble import history
    from gitver_hooks.runtime.activation import ActiveModel, activate
    from gitver_hooks.runtime.watch import watch
    from gitver_hooks.version.identify import identify
    from gitver_hooks.version.version import Version

__all__ = ["ActiveModel", "GitverError", "Version", "activate", "history", "identify", "watch"]

_HOMES = {
    "ActiveModel": "runtime.activation",
    "GitverError": "common.errors",
    "Version": "version.version",
    "activate": "runtime.activation",
    "identify": "version.identify",
    "load_ipython_extension": "notebook",
    "unload_ipython_extension": "notebook",
    "watch": "runtime.watch",
}


def __getattr__(name: str) -> object:
    # Imported lazily: the shim must not import what only the recording half needs.
    if name == "history":
        # ``history`` is a function and a package: the module is made callable.
        from importlib import import_module

        return import_module(f"{__name__}.history")
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
