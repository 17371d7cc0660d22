"""The shim: ``import gitver_hooks.shim`` sets MLflow's active model. It never raises."""

try:
    from gitver_hooks.runtime.activation import activate as _activate

    _activate()
except Exception as _error:
    # An app never fails to start because of its versioning.
    from os import environ as _environment

    from gitver_hooks.common.printing import say as _say

    _say(f"this process is not versioned: {_error or type(_error).__name__}", _environment)
