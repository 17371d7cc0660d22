"""Makes the environment for the demo's commands."""

from __future__ import annotations

import os
from collections.abc import Mapping

# A busy machine is no reason to leave a registration to the background.
_WAIT_SECONDS = "120"


def demo_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """An environment without the user's settings, servers and git configuration."""
    kept = {
        name: value
        for name, value in environment.items()
        if not name.startswith(("GIT_", "GITVER_", "MLFLOW_", "_MLFLOW_"))
    }
    return kept | {
        "GITVER_WAIT": environment.get("GITVER_WAIT") or _WAIT_SECONDS,
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_AUTHOR_NAME": "Demo",
        "GIT_AUTHOR_EMAIL": "demo@example.com",
        "GIT_COMMITTER_NAME": "Demo",
        "GIT_COMMITTER_EMAIL": "demo@example.com",
        "PYTHONDONTWRITEBYTECODE": "1",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        # By default MLflow starts the threads that write traces while the interpreter shuts down,
        # which Python 3.12.0 and 3.12.1 refuse (https://github.com/python/cpython/issues/113964).
        "MLFLOW_ENABLE_ASYNC_TRACE_LOGGING": "false",
    }
