"""Converts MLflow's traces and their assessments to plain data."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

FAILED, RUNNING = "ERROR", "IN_PROGRESS"
MODEL_KEY = "mlflow.modelId"

_RUN = "mlflow.sourceRun"
_TOKENS, _COST = "mlflow.trace.tokenUsage", "mlflow.trace.cost"
_ASSESSED_BY_RUN = "mlflow.assessment.sourceRunId"
_SCORER_DIGEST = "mlflow.assessment.scorerDigest"


@dataclass(frozen=True)
class Assessment:
    """One score or feedback. ``number`` is None if the value is neither a number nor yes/no.

    ``judge`` tells scorers apart: source type, source id and, if MLflow recorded it, the digest
    of the scorer's definition. ``run_id`` is the evaluation run that gave the score.
    """

    name: str
    number: float | None
    yes_no: bool
    text: str
    judge: str
    run_id: str | None
    rationale: str
    updated_ms: int


@dataclass(frozen=True)
class TraceData:
    """One trace without its spans. ``inputs`` and ``answer`` are previews, cut by MLflow."""

    trace_id: str
    model_id: str | None
    run_id: str | None
    state: str
    at_ms: int
    latency_ms: float | None
    tokens: float | None
    cost: float | None
    inputs: str
    answer: str
    assessments: tuple[Assessment, ...] = ()


def trace_data(info: Any) -> TraceData:
    """The plain data of MLflow's TraceInfo, of any MLflow 3."""
    metadata: Mapping[str, str] = getattr(info, "trace_metadata", None) or {}
    latency = getattr(info, "execution_duration", None)
    state = getattr(info, "state", None)
    return TraceData(
        trace_id=str(info.trace_id),
        model_id=metadata.get(MODEL_KEY),
        run_id=metadata.get(_RUN),
        state=str(getattr(state, "value", state)),
        at_ms=int(info.request_time or 0),
        latency_ms=None if latency is None else float(latency),
        tokens=_json_number(metadata.get(_TOKENS), "total_tokens"),
        cost=_json_number(metadata.get(_COST), "total_cost"),
        inputs=str(info.request_preview or ""),
        answer=str(info.response_preview or ""),
        assessments=tuple(_assessments(getattr(info, "assessments", None) or ())),
    )


def _assessments(assessments: Iterable[Any]) -> Iterable[Assessment]:
    for assessment in assessments:
        # Expectations have no feedback, an overridden assessment is not valid, and one whose
        # scorer failed has no value.
        feedback = getattr(assessment, "feedback", None)
        if feedback is None or assessment.valid is False or feedback.value is None:
            continue
        metadata = assessment.metadata or {}
        source = assessment.source
        judge = f"{source.source_type} {source.source_id}"
        digest = metadata.get(_SCORER_DIGEST)
        number, yes_no = number_of(feedback.value)
        yield Assessment(
            name=str(assessment.name),
            number=number,
            yes_no=yes_no,
            text=text_of(feedback.value),
            judge=f"{judge} {digest[:19]}" if digest else judge,
            run_id=metadata.get(_ASSESSED_BY_RUN) or getattr(assessment, "run_id", None),
            rationale=str(assessment.rationale or ""),
            updated_ms=int(assessment.last_update_time_ms or 0),
        )


def number_of(value: object) -> tuple[float | None, bool]:
    """The number that ``value`` counts as, and whether it is yes or no.

    As in mlflow.genai.evaluate: booleans and the words yes and no count as 1 and 0.
    """
    if isinstance(value, bool):
        return float(value), True
    if isinstance(value, int | float):
        return float(value), False
    if isinstance(value, str) and value.lower() in ("yes", "no"):
        return float(value.lower() == "yes"), True
    return None, False


def text_of(value: object) -> str:
    """A value as text for people."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "yes" if value else "no"
    return json.dumps(value, default=str)


def _json_number(text: str | None, key: str) -> float | None:
    try:
        value = json.loads(text or "{}")[key]
        return float(value)
    except (ValueError, TypeError, KeyError):
        return None
