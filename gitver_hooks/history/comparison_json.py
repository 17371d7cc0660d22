"""Converts a comparison of two versions to JSON-ready data."""

from __future__ import annotations

import math
from typing import Any

from gitver_hooks.history.comparing import VersionComparison
from gitver_hooks.history.comparison_formats import notes, verdict
from gitver_hooks.history.evaluated_rows import Row
from gitver_hooks.history.records import SCHEMA, Resolved
from gitver_hooks.history.statistics.comparison import Comparison


def as_dict(comparison: VersionComparison) -> dict[str, Any]:
    """The object that ``gitver compare --format json`` prints (see docs/history.md)."""
    return {
        "schema": SCHEMA,
        "a": _version(comparison.a, comparison.rows_a),
        "b": _version(comparison.b, comparison.rows_b),
        "verdict": verdict(comparison),
        "dropped": comparison.dropped,
        "can_tell": comparison.can_tell,
        "notes": notes(comparison),
        "files": [vars(file) for file in comparison.code.files],
        "params": {name: list(values) for name, values in comparison.params.items()},
        "metrics": [
            _metric(metric_comparison)
            for metric_comparison in (*comparison.quality, *comparison.speed)
        ],
        "paired": len(comparison.pairs),
        "inputs": [
            {"input": pair.a.inputs, "a": _row(pair.a), "b": _row(pair.b)}
            for pair in comparison.pairs
        ],
    }


def _version(resolved: Resolved, rows: int) -> dict[str, Any]:
    return {
        "version": resolved.version,
        "commit": resolved.commit,
        "dirty": resolved.dirty,
        "model_id": resolved.model_id,
        "rows": rows,
    }


def _metric(comparison: Comparison) -> dict[str, Any]:
    result = comparison.result
    return {
        "metric": comparison.metric,
        "rows_a": comparison.rows_a,
        "rows_b": comparison.rows_b,
        "paired": comparison.pairs,
        "a": comparison.mean_a,
        "b": comparison.mean_b,
        "difference": None if result is None else result.difference,
        "interval": None
        if result is None
        else [None if math.isinf(end) else end for end in result.interval],
        "p": comparison.p,
        "test": None if result is None else result.test,
        "dropped": comparison.dropped,
        "can_tell": comparison.can_tell,
    }


def _row(row: Row) -> dict[str, Any]:
    return {
        "trace_id": row.trace_id,
        "answer": row.answer,
        "failed": row.failed,
        "scores": {name: value.text for name, value in sorted(row.scores.items())},
    }
