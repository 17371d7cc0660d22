"""Defines the numbers of one version: sums over its traces, and scores. Plain, frozen data.

None always means "not known". Times are milliseconds, costs US dollars, shares 0 to 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

# How many traces a number stands on: all of them; only the newest, so there are at least as many;
# or none, because they were not read.
Coverage = Literal["exact", "at least", "unread"]


@dataclass(frozen=True)
class TraceNumbers:
    """The sums and means over the traces of one version.

    ``errors`` is the number of traces in the state ERROR. ``tokens`` and ``cost`` (US$) are means
    over the traces that have them. ``coverage`` says how many traces the counts stand on, and
    ``sampled`` names the numbers that stand on the newest traces only.
    """

    traces: int | None = None
    errors: int | None = None
    latency_p50_ms: float | None = None
    latency_p95_ms: float | None = None
    tokens: float | None = None
    cost: float | None = None
    coverage: Coverage = "unread"
    sampled: tuple[str, ...] = ()

    @property
    def error_rate(self) -> float | None:
        """The share of failed traces; None without traces."""
        if not self.traces or self.errors is None:
            return None
        return self.errors / self.traces

    def to_dict(self) -> dict[str, Any]:
        """The numbers as JSON has them (see docs/history.md)."""
        return {
            "traces": self.traces,
            "traces_coverage": self.coverage,
            "errors": self.errors,
            "latency_p50_ms": self.latency_p50_ms,
            "latency_p95_ms": self.latency_p95_ms,
            "tokens": self.tokens,
            "cost": self.cost,
            "sampled": list(self.sampled),
        }


UNREAD = TraceNumbers()


@dataclass(frozen=True)
class Score:
    """One evaluation metric, or one kind of feedback, of one version.

    ``rows`` is how many values there are and ``passed`` how many of them are yes, None if the
    values are not yes/no. ``values`` are the rows' values (yes = 1, no = 0), None if only the mean
    was read. ``judges`` are the sources of the values, such as ``LLM_JUDGE openai:/gpt-4o``,
    sorted; a change of judge is not a change of the app.
    """

    mean: float | None
    rows: int | None = None
    passed: int | None = None
    values: tuple[float, ...] | None = None
    judges: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The score as JSON has it (see docs/history.md), without the rows' values."""
        return {"mean": self.mean, "rows": self.rows, "passed": self.passed}
