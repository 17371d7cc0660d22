"""What keeps traces from being written: versions of Python and MLflow, and variables."""

from __future__ import annotations

import pytest

from gitver_hooks.diagnosis import packages
from gitver_hooks.diagnosis.finding import OK, PROBLEM, WARNING


@pytest.mark.parametrize(
    ("version", "level"),
    [((3, 11, 9), OK), ((3, 12, 0), WARNING), ((3, 12, 1), WARNING), ((3, 12, 2), OK)],
)
def test_python_versions_that_lose_traces_at_exit_are_reported(
    version: tuple[int, ...], level: str
) -> None:
    finding = packages._python(version)
    assert finding.level == level
    assert bool(finding.remedy) == (level != OK)


@pytest.mark.parametrize(
    ("version", "level"),
    [("", PROBLEM), ("2.22.0", PROBLEM), ("3.1.0", WARNING), ("3.4.0", OK), ("3.17.2rc1", OK)],
)
def test_mlflow_versions_that_are_too_old_are_reported(version: str, level: str) -> None:
    assert packages._mlflow(version).level == level


@pytest.mark.parametrize(
    "environment",
    [
        {"GITVER_DISABLE": "1"},
        {"MLFLOW_ACTIVE_MODEL_ID": "m-1"},
        {"OTEL_SDK_DISABLED": "true"},
        {"MLFLOW_TRACE_SAMPLING_RATIO": "0.1"},
    ],
)
def test_variables_that_keep_versions_or_traces_back_are_reported(
    environment: dict[str, str],
) -> None:
    (finding,) = packages.check_variables(environment)
    assert finding.level == WARNING
    assert next(iter(environment)) in finding.message


def test_harmless_variables_are_not_reported() -> None:
    environment = {"GITVER_DISABLE": "0", "MLFLOW_TRACE_SAMPLING_RATIO": "1.0"}
    assert list(packages.check_variables(environment)) == []
