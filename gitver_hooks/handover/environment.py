"""Tells variables that the shim has set from those of the user (standard library only).

``GITVER_SHIM`` lists what a shim has set, one ``NAME=value`` per line, so that a child process can
tell it from what the user has set. A child process finds its own active model.
"""

from __future__ import annotations

from gitver_hooks.handover.store import EXPERIMENT_ID, EXPERIMENT_NAME, TRACKING_URI

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, MutableMapping

MODEL_ID = "MLFLOW_ACTIVE_MODEL_ID"
MARK = "GITVER_SHIM"
NAMES = (MODEL_ID, TRACKING_URI, EXPERIMENT_NAME, EXPERIMENT_ID)
# These affect how gitver runs, not what it records.
_NOT_SETTINGS = ("GITVER_DISABLE", "GITVER_ON_STALE", "GITVER_WAIT", MARK)


def is_disabled(environment: Mapping[str, str]) -> bool:
    """Whether ``GITVER_DISABLE`` disables hooks and shim: any non-empty value except ``0``."""
    return environment.get("GITVER_DISABLE", "") not in ("", "0")


def user_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """A copy of ``environment`` without what a shim has set in this process or in a parent."""
    marked = environment.get(MARK, "").split("\n")
    return {
        name: value
        for name, value in environment.items()
        if name != MARK and not (name in NAMES and f"{name}={value}" in marked)
    }


def recorded_variables(environment: Mapping[str, str]) -> str:
    """The ``GITVER_*`` variables that affect what is recorded, as one string to compare."""
    return "\n".join(
        sorted(
            f"{name}={value}"
            for name, value in environment.items()
            if name.startswith("GITVER_") and name not in _NOT_SETTINGS
        )
    )


def set_variables(environment: MutableMapping[str, str], wanted: Mapping[str, str]) -> None:
    """Set the ``wanted`` variables and unset the others that a shim has set before.

    A variable that keeps a value is never unset in between: other threads may be reading it.
    """
    kept = user_environment(environment)
    for name in NAMES:
        if name in environment and name not in kept and name not in wanted:
            del environment[name]
    environment.update(wanted)
    if wanted:
        environment[MARK] = "\n".join(f"{name}={value}" for name, value in wanted.items())
    else:
        environment.pop(MARK, None)
