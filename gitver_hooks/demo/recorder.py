"""Writes to MLflow what running and evaluating each version of the demo's app would have left.

No model is called: the traces and scores are drawn from a fixed seed.
"""

from __future__ import annotations

import json
import random
import time
from pathlib import Path
from typing import TYPE_CHECKING

from gitver_hooks.demo.scenario import DemoVersion, versions
from gitver_hooks.registry.tags import BRANCH_TAG, COMMIT_TAG, DIRTY_TAG, VERSION_TAG, flag_text
from gitver_hooks.registry.tracking import sqlite_uri

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Assessment, TraceInfo

_QUESTIONS = tuple(
    f"{question} {item}?"
    for question in ("Where is", "How do I return", "Can I exchange", "How much is")
    for item in ("my order", "the blue lamp", "my gift card", "the oak table", "my last parcel")
)
# How often each version of the app runs.
_RUNS, _RUNS_WHEN_DIRTY = 12, 3


class Recorder:
    """Writes what an app and its evaluations would have left in MLflow."""

    def __init__(self, folder: Path, commits: list[str]) -> None:
        from mlflow.tracing.client import TracingClient

        from gitver_hooks.registry.own_process import prepare_own_process
        from gitver_hooks.registry.store import open_store

        prepare_own_process(600)
        uri = sqlite_uri(str(folder / "mlflow.db"))
        self._client: MlflowClient = open_store(uri)
        self._traces = TracingClient(uri)
        self._folder = folder
        self._commits = commits
        self._random = random.Random(20)

    def record(self) -> None:
        """Register all versions, run each of them, and evaluate most of them."""
        for version in versions(self._commits):
            model_id = self._register(version)
            if version.evaluated:
                run_id = self._client.create_run("0", run_name="evaluation").info.run_id
                scores = [
                    self._evaluate(version, model_id, run_id, question) for question in _QUESTIONS
                ]
                mean = sum(scores) / len(scores)
                self._client.log_metric(run_id, "correctness/mean", mean, model_id=model_id)
                self._client.set_terminated(run_id)
            for _ in range(_RUNS_WHEN_DIRTY if version.dirty else _RUNS):
                self._serve(version, model_id)

    def _register(self, version: DemoVersion) -> str:
        name = f"{self._folder.name}-git-{version.commit[:8]}"
        tags = {
            VERSION_TAG: version.id,
            COMMIT_TAG: version.commit,
            BRANCH_TAG: "main",
            DIRTY_TAG: flag_text(version.dirty),
        }
        model = self._client.create_logged_model(
            experiment_id="0",
            name=name + (f"-dirty-{version.id[-8:]}" if version.dirty else ""),
            tags=tags,
            params={"model": version.language_model},
            model_type="agent",
        )
        self._client.finalize_logged_model(model.model_id, "READY")
        return str(model.model_id)

    def _evaluate(self, version: DemoVersion, model_id: str, run_id: str, question: str) -> bool:
        # Some questions are harder than others, for every version.
        hardness = random.Random(question).uniform(-0.08, 0.08)
        correct = self._random.random() < version.quality + hardness
        answer = "It is on its way." if correct else "I do not know."
        scores = [_feedback("correctness", "yes" if correct else "no", "CODE", run_id)]
        trace = self._trace(version, model_id, question, answer, scores)
        trace.trace_metadata["mlflow.sourceRun"] = run_id
        self._traces.start_trace(trace)
        return correct

    def _serve(self, version: DemoVersion, model_id: str) -> None:
        question = self._random.choice(_QUESTIONS)
        liked = self._random.random() < version.quality - 0.1
        feedback = [_feedback("liked", liked, "HUMAN")] if self._random.random() < 0.4 else []
        trace = self._trace(version, model_id, question, "It is on its way.", feedback)
        if self._random.random() < 0.03:
            from mlflow.entities import TraceState

            trace.state = TraceState.ERROR
        self._traces.start_trace(trace)

    def _trace(
        self,
        version: DemoVersion,
        model_id: str,
        question: str,
        answer: str,
        assessments: list[Assessment],
    ) -> TraceInfo:
        from mlflow.entities import TraceInfo, TraceLocation, TraceState

        tokens = round(self._random.gauss(version.tokens, 30))
        cost = {"total_cost": tokens * 2e-6}
        return TraceInfo(
            trace_id=f"tr-{self._random.getrandbits(128):032x}",
            trace_location=TraceLocation.from_experiment_id("0"),
            request_time=time.time_ns() // 1_000_000,
            state=TraceState.OK,
            execution_duration=round(self._random.lognormvariate(0, 0.25) * version.latency_ms),
            request_preview=json.dumps({"question": question}),
            response_preview=json.dumps(answer),
            trace_metadata={
                "mlflow.modelId": model_id,
                "mlflow.trace.tokenUsage": json.dumps({"total_tokens": tokens}),
                "mlflow.trace.cost": json.dumps(cost),
            },
            tags={"mlflow.traceName": "answer"},
            assessments=assessments,
        )


def _feedback(name: str, value: bool | str, source: str, run_id: str | None = None) -> Assessment:
    from mlflow.entities import AssessmentSource, Feedback

    return Feedback(
        name=name,
        value=value,
        source=AssessmentSource(source_type=source, source_id="demo"),
        metadata={"mlflow.assessment.sourceRunId": run_id} if run_id else None,
    )
