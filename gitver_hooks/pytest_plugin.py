"""The pytest plugin: ``pytest --gitver`` runs the tests under the version of the code.

Pytest loads it wherever both are installed (entry point ``pytest11``), so it imports nothing until
one of its options is given. Traces and evaluations of all tests belong to the version that the
worktree had when the session began, in the processes that tests start as well, and whatever the
tests write.
"""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import nullcontext
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gitver_hooks.runtime.activation import ActiveModel

# Exit statuses of `gitver compare --fail-on-drop`.
_CANNOT_TELL = 5
# What pytest's own exit statuses mean: all tests passed, or some failed.
_COMPLETE = (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED)


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("gitver", "versions of the code in MLflow")
    group.addoption(
        "--gitver",
        action="store_true",
        help="link the traces and evaluations of this session to the version of the code",
    )
    group.addoption(
        "--gitver-fail-on-drop",
        metavar="BASE",
        help="compare the session's version with BASE as `gitver compare` does, and fail if a "
        "metric is significantly worse (implies --gitver)",
    )


def pytest_configure(config: pytest.Config) -> None:
    base = config.getoption("gitver_fail_on_drop")
    # The workers of pytest-xdist inherit the variables.
    if (base or config.getoption("gitver")) and not hasattr(config, "workerinput"):
        config.pluginmanager.register(_VersionedSession(config, base), "gitver-session")


class _VersionedSession:
    """One session under one version, from the configuration of pytest to its end."""

    def __init__(self, config: pytest.Config, base: str | None) -> None:
        from gitver_hooks.handover.environment import MARK, user_environment
        from gitver_hooks.runtime.activation import activate

        self._folder = str(config.rootpath)
        self._base = base
        self._environment: Mapping[str, str] = user_environment(os.environ)
        self._comparison: list[str] = []
        capture = config.pluginmanager.getplugin("capturemanager")
        # With `-p no:capture` there is none.
        with capture.global_and_fixture_disabled() if capture else nullcontext():
            self._active: ActiveModel | None = activate(self._folder)
        if self._active is not None:
            # Without the mark, the variables count as chosen by the user: an app that imports the
            # shim during the session does not replace them.
            os.environ.pop(MARK, None)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if self._base is None or session.exitstatus not in _COMPLETE:
            return
        if self._active is None:
            self._comparison = [f"not compared with {self._base}: the session has no version"]
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
            return
        _flush_traces()
        status = self._compare(self._base, self._active.model_id)
        if status not in (0, _CANNOT_TELL):
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        from gitver_hooks.common.printing import printable

        if self._comparison:
            terminalreporter.section(f"gitver compare {printable(self._base or '')}")
        for line in [*self._comparison, f"gitver: {self._summary()}"]:
            terminalreporter.write_line(printable(line))

    def pytest_unconfigure(self) -> None:
        if self._active is not None:
            self._active.__exit__(None, None, None)

    def _compare(self, base: str, model_id: str) -> int:
        """Add the comparison to the summary, and return the exit status of `gitver compare`."""
        from gitver_hooks.handover.launch import recording_command

        completed = subprocess.run(
            recording_command("compare", "--fail-on-drop", "--", base, model_id),
            cwd=self._folder,
            env=dict(self._environment),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
        )
        self._comparison = [*completed.stdout.splitlines(), *completed.stderr.splitlines()]
        return completed.returncode

    def _summary(self) -> str:
        active = self._active
        if active is None:
            return "this session was not versioned"
        if active.version is None:
            return f"this session ran as the model {active.model_id}"
        return f"this session ran as {active.version}, {active.name} ({active.model_id})"


def _flush_traces() -> None:
    """Send the traces that this process has not sent yet."""
    mlflow = sys.modules.get("mlflow")
    flush = getattr(mlflow, "flush_trace_async_logging", None)
    if flush is not None:
        flush()
