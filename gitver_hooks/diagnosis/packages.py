"""Checks Python, MLflow and the environment variables for what loses traces silently."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from importlib import metadata

from gitver_hooks.diagnosis.finding import OK, PROBLEM, WARNING, Finding
from gitver_hooks.handover.environment import MODEL_ID, is_disabled

_OLDEST_MLFLOW = (3, 1)
_DISTRIBUTIONS = ("mlflow", "mlflow-skinny")


def mlflow_version() -> str:
    """The version of the installed MLflow; empty if there is none."""
    for name in _DISTRIBUTIONS:
        try:
            return metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return ""


def check_packages(environment: Mapping[str, str]) -> Iterator[Finding]:
    """Findings about the interpreter and the packages of the environment that runs gitver."""
    yield _python(sys.version_info[:3])
    yield _mlflow(mlflow_version())
    yield from check_variables(environment)


def loses_last_traces(version: tuple[object, ...]) -> bool:
    """Whether an app on this version of Python loses its last traces.

    MLflow starts its writer threads from an atexit handler; Python 3.12.0 and 3.12.1 refuse to
    start a thread then (https://github.com/python/cpython/issues/113964).
    """
    return version[:3] in ((3, 12, 0), (3, 12, 1))


def _python(version: tuple[int, ...]) -> Finding:
    text = ".".join(str(part) for part in version)
    if loses_last_traces(version):
        return Finding(
            "python",
            WARNING,
            f"Python {text} cannot start a thread at exit, which MLflow needs to write the last"
            " traces of an app: they are lost",
            "update Python to 3.12.2 or later, call `mlflow.flush_trace_async_logging()` at the end"
            " of the app, or set MLFLOW_ENABLE_ASYNC_TRACE_LOGGING=false",
        )
    return Finding("python", OK, f"Python {text}, {sys.executable}")


def _mlflow(version: str) -> Finding:
    if not version:
        return Finding(
            "mlflow", PROBLEM, "MLflow is not installed", "run `pip install mlflow-skinny`"
        )
    numbers = tuple(int(part) for part in version.split(".")[:2] if part.isdigit())
    if numbers < _OLDEST_MLFLOW:
        return Finding(
            "mlflow", PROBLEM, f"MLflow {version} is too old", "update it to 3.1 or later"
        )
    if numbers < (3, 4):
        return Finding(
            "mlflow",
            WARNING,
            f"MLflow {version} loses traces with recent versions of opentelemetry",
            "update MLflow to 3.4 or later if traces are missing",
        )
    return Finding("mlflow", OK, f"MLflow {version}")


def check_variables(environment: Mapping[str, str]) -> Iterator[Finding]:
    """Findings about environment variables that keep versions or traces from being recorded."""
    if is_disabled(environment):
        yield Finding("environment", WARNING, "GITVER_DISABLE turns off hooks and shim", "unset it")
    if environment.get(MODEL_ID):
        yield Finding(
            "environment",
            WARNING,
            f"{MODEL_ID} is set, and takes precedence over the version of the code",
            "unset it",
        )
    if environment.get("OTEL_SDK_DISABLED", "").lower() == "true":
        yield Finding(
            "environment", WARNING, "OTEL_SDK_DISABLED is true: no traces are written", "unset it"
        )
    ratio = environment.get("MLFLOW_TRACE_SAMPLING_RATIO", "1")
    if ratio not in ("", "1", "1.0"):
        yield Finding(
            "environment",
            WARNING,
            f"MLFLOW_TRACE_SAMPLING_RATIO is {ratio}: only this share of the traces is written",
            "unset it to write all",
        )
