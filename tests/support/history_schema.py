"""The JSON Schema of ``gitver log --format json``, schema 1 (docs/history.md)."""

from __future__ import annotations

from typing import Any

_STRING, _BOOLEAN = {"type": "string"}, {"type": "boolean"}
_TEXT_OR_NULL = {"type": ["string", "null"]}
_NUMBER_OR_NULL = {"type": ["number", "null"]}
_COUNT_OR_NULL = {"type": ["integer", "null"], "minimum": 0}
_STRINGS = {"type": "array", "items": _STRING}
_COMMIT = {"type": "string", "pattern": "^([0-9a-f]{40}|[0-9a-f]{64})$"}


def _closed(**properties: Any) -> dict[str, Any]:
    """An object with exactly these keys."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


_TRACES = {
    "traces": _COUNT_OR_NULL,
    "traces_coverage": {"enum": ["exact", "at least", "unread"]},
    "errors": _COUNT_OR_NULL,
    "latency_p50_ms": _NUMBER_OR_NULL,
    "latency_p95_ms": _NUMBER_OR_NULL,
    "tokens": _NUMBER_OR_NULL,
    "cost": _NUMBER_OR_NULL,
    "sampled": _STRINGS,
}
_SCORES = {
    "type": "object",
    "additionalProperties": _closed(
        mean=_NUMBER_OR_NULL, rows=_COUNT_OR_NULL, passed=_COUNT_OR_NULL
    ),
}
_VERSION = _closed(
    version=_STRING,
    commit=_COMMIT,
    subject=_STRING,
    authored={"type": "string", "format": "date-time"},
    dirty=_BOOLEAN,
    model_id=_TEXT_OR_NULL,
    model_name=_TEXT_OR_NULL,
    **_TRACES,
    evaluation=_closed(**_TRACES),
    metrics=_SCORES,
    feedback=_SCORES,
    unread={"type": "array", "items": {"enum": ["traces", "scores"]}},
)
_FINDING = _closed(
    metric=_STRING,
    source={"enum": ["metric", "feedback", "traces"]},
    unit={"enum": ["share", "score", "ms", "USD", "tokens"]},
    commit=_COMMIT,
    suspects={"type": "array", "items": _COMMIT, "minItems": 1},
    before={"type": "number"},
    after={"type": "number"},
    rows_before=_COUNT_OR_NULL,
    rows_after=_COUNT_OR_NULL,
    interval={"type": ["array", "null"], "items": {"type": "number"}},
    p={"type": "number", "minimum": 0, "maximum": 1},
    better={"type": ["boolean", "null"]},
    cause={"enum": ["app", "judge", "unknown"]},
)
SCHEMA = _closed(
    schema={"const": 1},
    app=_STRING,
    branch=_TEXT_OR_NULL,
    versions={"type": "array", "items": _VERSION},
    findings={"type": "array", "items": _FINDING},
    undecided={"type": "array", "items": _closed(metric=_STRING, reason=_STRING)},
    partial=_BOOLEAN,
    notes=_STRINGS,
)
