"""gitver-hooks: every MLflow trace linked to the exact code that produced it.

Two halves, and a wall between them: the active-model file and the state beside it.

Before the wall, what hooks and commands do: ``record`` works out the version (``identity``, from
the ``content`` of the worktree), writes file and state where its model is ``known``, and else puts
a ``registration`` into the ``outbox``; ``delivery``, a process of its own in the ``background``,
takes it from there to MLflow (``registry``).

Behind the wall, what an app does: ``shim`` calls ``activation``, which reads file and ``state``,
asks ``freshness`` whether the worktree is still what it was, and sets ``variables`` and the
``mlflow_context``; standard library only. Where the code has changed, ``refresh`` takes the road
of a hook.
"""

__version__ = "0.1.0"

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gitver_hooks.common.errors import GitverError
    from gitver_hooks.history.assemble import history
    from gitver_hooks.runtime.activation import ActiveModel, activate
    from gitver_hooks.version.identify import identify
    from gitver_hooks.version.version import Version

__all__ = ["ActiveModel", "GitverError", "Version", "activate", "history", "identify"]

_HOMES = {
    "ActiveModel": "runtime.activation",
    "GitverError": "common.errors",
    "Version": "version.version",
    "activate": "runtime.activation",
    "identify": "version.identify",
}


def __getattr__(name: str) -> object:
    # Lazily, so that the shim does not import what only the recording half needs.
    if name == "history":
        # The package can be called: the name is that of a function and of the package behind it.
        from importlib import import_module

        return import_module(f"{__name__}.history")
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
