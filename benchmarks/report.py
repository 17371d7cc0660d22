"""Formats the results: a table, and JSON with every sample."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from dataclasses import asdict
from datetime import datetime, timezone
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import gitver_hooks
from benchmarks.results import Results
from benchmarks.row import Row

_PACKAGES = ("dulwich", "PyYAML", "mlflow", "mlflow-skinny", "SQLAlchemy")


def machine() -> dict[str, str | int]:
    """The machine and the versions that the figures were measured with."""
    git = subprocess.run(["git", "--version"], capture_output=True, text=True, check=True)
    found: dict[str, str | int] = {
        "date": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "processor": _processor(),
        "cores": os.cpu_count() or 0,
        "system": platform.platform(),
        "python": platform.python_version(),
        "git": git.stdout.split()[2],
        "gitver-hooks": gitver_hooks.__version__,
        "load": f"{os.getloadavg()[0]:.1f}",
    }
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def table(rows: list[Row], results: Results) -> str:
    """The rows as text: name, figure, what it was computed from, budget, and whether it is met."""
    lines = [("", "what", "figure", "made of", "budget", "")]
    last = ("", "")
    for row in rows:
        if (row.group, row.tree) != last:
            last = (row.group, row.tree)
            count = results.counts.get(row.tree)
            files = f", {count} files" if count is not None else ""
            lines.append((f"{row.group}: {row.tree}{files}", "", "", "", "", ""))
        budget = "" if row.budget is None else _number(row.budget, row.unit)
        met = {None: "", True: "met", False: "NOT MET"}[row.met]
        lines.append(("", row.what, _number(row.figure, row.unit), row.basis, budget, met))
    widths = [max(len(line[i]) for line in lines if not line[0]) for i in range(1, 6)]
    shown = []
    for title, what, figure, basis, budget, met in lines:
        if title:
            shown.append(f"\n{title}")
            continue
        shown.append(
            f"  {what:<{widths[0]}}  {figure:>{widths[1]}}  {basis:<{widths[2]}}"
            f"  {budget:>{widths[3]}}  {met}".rstrip()
        )
    return "\n".join(shown)


def _number(value: float, unit: str) -> str:
    if not unit:
        return f"{value:g}"
    digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2
    return f"{value:.{digits}f} {unit}"


def write_json(
    path: Path, rows: list[Row], results: Results, measured_on: dict[str, str | int]
) -> None:
    """Write the machine, the rows and all samples."""
    data = {
        "machine": measured_on,
        "command": ["python", "-m", "benchmarks", *sys.argv[1:]],
        "rows": [{**asdict(row), "met": row.met} for row in rows],
        **results.as_json(),
    }
    path.write_text(json.dumps(data, indent=1) + "\n")
