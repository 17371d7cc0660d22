"""Defines the data that reading, statistics and presentation exchange. Plain and frozen.

None always means "not known": not recorded, or not read (``VersionRecord.unread`` says which).
Nothing is estimated. Times are milliseconds, costs US dollars, shares 0 to 1.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, overload

from gitver_hooks.history.version_numbers import UNREAD, Score, TraceNumbers

SCHEMA = 1

# Where a metric's values come from: an evaluation's scores, people's feedback on live traces, or
# the live traces themselves (`errors`, `latency_p50_ms`, `cost`, `tokens`).
Source = Literal["metric", "feedback", "traces"]

Unit = Literal["share", "score", "ms", "USD", "tokens"]

# What can be missing from a record: `VersionRecord.unread` has some of these.
UNREAD_MODEL, UNREAD_TRACES, UNREAD_SCORES = "model", "traces", "scores"


@dataclass(frozen=True)
class VersionRecord:
    """The numbers of one version, and the commit it belongs to.

    ``version`` is the version id; for a commit that was never registered, its commit id, with no
    ``model_id``. ``commit`` is the full id of the (base) commit and ``authored`` its author date in
    ISO 8601. ``mainline`` says whether the commit is on the first-parent history of HEAD, in whose
    order the versions are listed. ``live`` are the traces of the running app, ``evaluation`` those
    that an evaluation run produced; the flat properties are those of ``live``.
    """

    version: str
    commit: str
    subject: str
    authored: str
    dirty: bool = False
    model_id: str | None = None
    model_name: str | None = None
    mainline: bool = True
    live: TraceNumbers = UNREAD
    evaluation: TraceNumbers = UNREAD
    metrics: Mapping[str, Score] = field(default_factory=dict)
    feedback: Mapping[str, Score] = field(default_factory=dict)
    unread: tuple[str, ...] = ()

    @property
    def traces(self) -> int | None:
        return self.live.traces

    @property
    def errors(self) -> int | None:
        return self.live.errors

    @property
    def latency_p50_ms(self) -> float | None:
        return self.live.latency_p50_ms

    @property
    def latency_p95_ms(self) -> float | None:
        return self.live.latency_p95_ms

    @property
    def tokens(self) -> float | None:
        return self.live.tokens

    @property
    def cost(self) -> float | None:
        return self.live.cost

    def to_dict(self) -> dict[str, Any]:
        """The record as JSON has it (see docs/history.md), without the rows' values."""
        return {
            "version": self.version,
            "commit": self.commit,
            "subject": self.subject,
            "authored": self.authored,
            "dirty": self.dirty,
            "model_id": self.model_id,
            "model_name": self.model_name,
            **self.live.to_dict(),
            "evaluation": self.evaluation.to_dict(),
            "metrics": {name: score.to_dict() for name, score in sorted(self.metrics.items())},
            "feedback": {name: score.to_dict() for name, score in sorted(self.feedback.items())},
            "unread": list(self.unread),
        }


@dataclass(frozen=True)
class Finding:
    """A change of one metric at one place of the history, or that there is too little data to tell.

    ``kind`` is ``change``, or ``too little data`` (then ``note`` says what is missing and the rest
    is empty). ``commit`` is the most likely commit of the change and ``suspects`` the commits of a
    95 % confidence set for its place, oldest first, including those that were never evaluated.
    ``before`` and ``after`` are means in ``unit``, over ``rows_before`` and ``rows_after`` values;
    ``interval`` is the 95 % interval of ``after - before``. ``p`` is corrected for the number of
    metrics (Holm). ``better`` is None if the metric has no direction. ``cause`` is ``judge`` if the
    scorer changed at that place, ``app`` if it provably did not.
    """

    metric: str
    kind: Literal["change", "too little data"] = "change"
    source: Source = "metric"
    unit: Unit = "share"
    commit: str | None = None
    suspects: tuple[str, ...] = ()
    before: float | None = None
    after: float | None = None
    rows_before: int | None = None
    rows_after: int | None = None
    interval: tuple[float, float] | None = None
    p: float | None = None
    better: bool | None = None
    cause: Literal["app", "judge", "unknown"] = "unknown"
    note: str = ""

    def to_dict(self) -> dict[str, Any]:
        """The finding as JSON has it (see docs/history.md)."""
        return {
            "metric": self.metric,
            "source": self.source,
            "unit": self.unit,
            "commit": self.commit,
            "suspects": list(self.suspects),
            "before": self.before,
            "after": self.after,
            "rows_before": self.rows_before,
            "rows_after": self.rows_after,
            "interval": None if self.interval is None else list(self.interval),
            "p": self.p,
            "better": self.better,
            "cause": self.cause,
        }


@dataclass(frozen=True)
class History(Sequence[VersionRecord]):
    """Versions, newest first, dirty ones right after their base commit; and what changed where.

    It can be used as a sequence of its versions. ``partial`` says that something could not be read
    (``notes`` say what, a line each), so that the numbers are incomplete. Findings are those of
    kind ``change``; ``undecided`` are those for which there is too little data.
    """

    versions: tuple[VersionRecord, ...] = ()
    findings: tuple[Finding, ...] = ()
    undecided: tuple[Finding, ...] = ()
    partial: bool = False
    notes: tuple[str, ...] = ()
    app: str = ""
    branch: str | None = None
    store: str = ""
    experiment: str = ""
    remote_url: str | None = None

    def __len__(self) -> int:
        return len(self.versions)

    @overload
    def __getitem__(self, index: int) -> VersionRecord: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[VersionRecord]: ...
    def __getitem__(self, index: int | slice) -> VersionRecord | Sequence[VersionRecord]:
        return self.versions[index]

    def __iter__(self) -> Iterator[VersionRecord]:
        return iter(self.versions)

    def with_findings(self, findings: Sequence[Finding]) -> History:
        """The same history with what the statistics found in it."""
        return replace(
            self,
            findings=tuple(f for f in findings if f.kind == "change"),
            undecided=tuple(f for f in findings if f.kind != "change"),
        )

    def to_dict(self) -> dict[str, Any]:
        """The history as `gitver log --format json` prints it (see docs/history.md)."""
        return {
            "schema": SCHEMA,
            "app": self.app,
            "branch": self.branch,
            "versions": [record.to_dict() for record in self.versions],
            "findings": [finding.to_dict() for finding in self.findings],
            "undecided": [{"metric": f.metric, "reason": f.note} for f in self.undecided],
            "partial": self.partial,
            "notes": list(self.notes),
        }


@dataclass(frozen=True)
class Resolved:
    """The version that a user's WHAT stands for, with its commit and model.

    ``commit`` is None if the version's commit is not in this repository. ``trace_id`` is set if a
    trace was named.
    """

    version: str
    commit: str | None
    dirty: bool = False
    model_id: str | None = None
    model_name: str | None = None
    trace_id: str | None = None
