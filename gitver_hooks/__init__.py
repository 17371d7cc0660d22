"""gitver-hooks: every MLflow trace linked to the exact code that produced it."""

__version__ = "0.1.0"

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gitver_hooks.activation import ActiveModel, activate
    from gitver_hooks.errors import GitverError
    from gitver_hooks.identity import identify
    from gitver_hooks.version import Version

__all__ = ["ActiveModel", "GitverError", "Version", "activate", "identify"]

_HOMES = {
    "ActiveModel": "activation",
    "GitverError": "errors",
    "Version": "version",
    "activate": "activation",
    "identify": "identity",
}


def __getattr__(name: str) -> object:
    # Lazily, so that the shim does not import what only the recording half needs.
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
