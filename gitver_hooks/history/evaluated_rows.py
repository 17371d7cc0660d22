"""Defines the rows of an evaluation: inputs, answers and scores. Plain, frozen data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Value:
    """One score of one row: a number if it can be read as one, and the text that MLflow has."""

    number: float | None
    text: str
    judge: str = ""
    rationale: str = ""


@dataclass(frozen=True)
class Row:
    """One evaluated input of one version: the trace it left, its answer and its scores.

    ``key`` is equal for equal inputs, whatever the order of their keys. ``inputs`` and ``answer``
    are complete, as JSON text.
    """

    key: str
    trace_id: str
    inputs: str
    answer: str
    failed: bool
    scores: Mapping[str, Value] = field(default_factory=dict)
    latency_ms: float | None = None
    cost: float | None = None
