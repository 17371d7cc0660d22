"""The history part of ``gitver demo``: thirty commits with a planted drop, and what gitver finds.

No model is called and nothing is contacted: the traces and scores are drawn from a fixed seed and
written with MLflow's own client to an embedded store.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from gitver_hooks.common.errors import GitverError
from gitver_hooks.common.printing import show
from gitver_hooks.registry.tracking import sqlite_uri

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Assessment, TraceInfo

_DAY = 86_400
_SUBJECTS = (
    *("First prompt", "Add order lookup", "Answer in the customer's language", "Log tool calls"),
    *("Cache the catalogue", "Cite the order number", "Retry on rate limit", "Tidy imports"),
    *("Shorter system prompt", "Polite closing line", "Escalate angry customers"),
    *("Add a reranker", "Raise top_k to 8", "Split prompts into files", "Fix typo in tool schema"),
    *("Refund policy in context", "Rename the agent", "Guard empty answers", "Parse dates"),
    *("Update the README", "Use a smaller model", "Greet by name", "Use the async client"),
    *("Drop an unused tool", "Tests for tools", "Format prices", "Trim the context"),
    *("Log the session", "Add a timeout", "Release 0.4"),
)
_NOT_EVALUATED = frozenset({7, 19})
_DIRTY = frozenset({4, 12, 23})
_DROP, _SLOWER = 20, 11
_GOOD, _BAD = 0.9, 0.62
_QUESTIONS = tuple(
    f"{question} {thing}?"
    for question in ("Where is", "How do I return", "Can I change", "What does the guarantee of")
    for thing in ("my order", "the blue lamp", "a gift card", "two chairs", "the last invoice")
)
_LIVE = 12
# A busy machine is no reason for the demo to show an incomplete table.
_DEADLINE = ("--deadline", "300")


def play_history(folder: Path, environment: Mapping[str, str]) -> None:
    """Make the repository and its history in ``folder``, then run log, compare and report on it."""
    folder.mkdir(parents=True, exist_ok=True)
    show("# A repository of thirty commits; at one of them, the app gets worse.")
    commits = _make_repository(folder, environment)
    show("# Recording what running and evaluating each version left in MLflow…")
    _Recorder(folder, commits).record()
    show("")
    _run(folder, environment, "log", "-n", "30", *_DEADLINE)
    if find_spec("gitver_hooks.commands.compare"):
        _run(folder, environment, "compare", commits[_DROP - 2][:8], commits[_DROP][:8], *_DEADLINE)
    _run(folder, environment, "report", "-o", "report.html", *_DEADLINE)


def _make_repository(folder: Path, environment: Mapping[str, str]) -> list[str]:
    """A repository with the commits, one a day until today; their ids, oldest first."""

    def git(*arguments: str, stream: str = "") -> str:
        done = subprocess.run(
            ["git", *arguments],
            cwd=folder,
            env=dict(environment),
            input=stream,
            capture_output=True,
            text=True,
        )
        if done.returncode:
            raise GitverError(
                f"`git {arguments[0]}` failed: {' '.join(done.stderr.split()[-20:])}",
                f"use an empty folder instead of {folder}",
            )
        return done.stdout

    if any(folder.iterdir()):
        raise GitverError(f"{folder} is not empty", "name an empty or a new folder")
    git("init", "-q", "-b", "main")
    git("fast-import", "--quiet", stream="".join(_fast_import(int(time.time()))))
    git("reset", "-q", "--hard", "main")
    (folder / ".git/info/exclude").write_text("mlflow.db*\nmlruns/\nreport.html\n")
    return git("rev-list", "--reverse", "HEAD").split()


def _fast_import(now: int) -> Iterator[str]:
    for number, subject in enumerate(_SUBJECTS):
        at = now - (len(_SUBJECTS) - number) * _DAY
        model = "large-model" if number < _DROP else "small-model"
        files = {
            "app.py": f'MODEL = "{model}"\nPROMPT = open("prompt.txt").read()\n',
            "prompt.txt": f"Answer the customer.\n# {subject}\n",
        }
        yield f"commit refs/heads/main\ncommitter Demo <demo@example.com> {at} +0000\n"
        yield f"data {len(subject.encode())}\n{subject}\n"
        for name, text in files.items():
            yield f"M 644 inline {name}\ndata {len(text.encode())}\n{text}\n"


@dataclass(frozen=True)
class _Version:
    """One version of the app, and how good and fast it is."""

    number: int
    commit: str
    id: str
    dirty: bool

    @property
    def quality(self) -> float:
        return _GOOD if self.number < _DROP else _BAD

    @property
    def latency_ms(self) -> float:
        return 1150 if self.number < _SLOWER else 1600

    @property
    def tokens(self) -> int:
        return 640 if self.number < _SLOWER else 870


class _Recorder:
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
        for version in self._versions():
            model_id = self._register(version)
            run_id = None
            if version.number not in _NOT_EVALUATED:
                run_id = self._client.create_run("0", run_name="evaluation").info.run_id
                scores = [self._evaluate(version, model_id, run_id, q) for q in _QUESTIONS]
                mean = sum(scores) / len(scores)
                self._client.log_metric(run_id, "correctness/mean", mean, model_id=model_id)
                self._client.set_terminated(run_id)
            for _ in range(3 if version.dirty else _LIVE):
                self._serve(version, model_id)

    def _versions(self) -> Iterator[_Version]:
        for number, commit in enumerate(self._commits):
            yield _Version(number, commit, commit, False)
            if number in _DIRTY:
                digest = hashlib.sha256(f"{number} edited".encode()).hexdigest()[:8]
                yield _Version(number, commit, f"{commit[:32]}-dirty-{digest}", True)

    def _register(self, version: _Version) -> str:
        name = f"{self._folder.name}-git-{version.commit[:8]}"
        tags = {
            "gitver.version": version.id,
            "mlflow.source.git.commit": version.commit,
            "mlflow.source.git.branch": "main",
            "mlflow.source.git.dirty": "true" if version.dirty else "false",
        }
        model = self._client.create_logged_model(
            experiment_id="0",
            name=name + (f"-dirty-{version.id[-8:]}" if version.dirty else ""),
            tags=tags,
            params={"model": "large-model" if version.number < _DROP else "small-model"},
            model_type="agent",
        )
        self._client.finalize_logged_model(model.model_id, "READY")
        return str(model.model_id)

    def _evaluate(self, version: _Version, model_id: str, run_id: str, question: str) -> bool:
        # Some questions are harder than others, for every version.
        hardness = random.Random(question).uniform(-0.08, 0.08)
        correct = self._random.random() < version.quality + hardness
        answer = "It is on its way." if correct else "I do not know."
        scores = [_feedback("correctness", "yes" if correct else "no", "CODE", run_id)]
        info = self._trace(version, model_id, question, answer, scores)
        info.trace_metadata["mlflow.sourceRun"] = run_id
        self._traces.start_trace(info)
        return correct

    def _serve(self, version: _Version, model_id: str) -> None:
        question = self._random.choice(_QUESTIONS)
        liked = self._random.random() < version.quality - 0.1
        said = [_feedback("liked", liked, "HUMAN")] if self._random.random() < 0.4 else []
        info = self._trace(version, model_id, question, "It is on its way.", said)
        if self._random.random() < 0.03:
            from mlflow.entities import TraceState

            info.state = TraceState.ERROR
        self._traces.start_trace(info)

    def _trace(
        self,
        version: _Version,
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


def _run(folder: Path, environment: Mapping[str, str], *arguments: str) -> None:
    """Show a gitver command and what it prints."""
    show(f"$ gitver {' '.join(arguments)}")
    done = subprocess.run(
        [sys.executable, "-m", "gitver_hooks", *arguments],
        cwd=folder,
        env={**environment, "MLFLOW_TRACKING_URI": sqlite_uri(str(folder / "mlflow.db"))},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        encoding=sys.stdout.encoding or "utf-8",
        errors="replace",
    )
    for line in done.stdout.splitlines():
        show(f"    {line}".rstrip())
    # 4 and 5 are what `compare` says of the data; without --fail-on-drop it does not.
    if done.returncode:
        raise GitverError(
            f"`gitver {arguments[0]}` exited with status {done.returncode}: "
            f"{done.stderr.strip()[-300:]}",
            "see `gitver doctor`",
        )
    show("")


def kept_lines(folder: Path) -> list[str]:
    """What a user can do with a history that was kept."""
    return [
        f"Kept in {folder}: open {folder / 'report.html'}, or run MLflow's own page with",
        f"    cd {os.fspath(folder)} && mlflow server --backend-store-uri sqlite:///mlflow.db",
    ]
