"""Writes numbers, versions and findings as text, for every format."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timezone

from gitver_hooks.history.records import Finding, History, VersionRecord
from gitver_hooks.history.version_numbers import Score, TraceNumbers

UNREAD, NOTHING = "?", "–"

_AGES = ((31_557_600, "y"), (2_629_800, "mo"), (604_800, "w"), (86_400, "d"), (3600, "h"))
_NAMES = {
    "errors": "error rate",
    "error_rate": "error rate",
    "latency": "latency p50",
    "latency_p50_ms": "latency p50",
    "latency_p95_ms": "latency p95",
    "cost": "cost per trace",
    "tokens": "tokens per trace",
}


def short_version(record: VersionRecord) -> str:
    """``6bf7e1e8``, or ``6bf7e1e8+efc07a29`` for a dirty version."""
    if not record.dirty:
        return record.commit[:8]
    digest = record.version.partition("@")[0].rpartition("-dirty-")[2]
    return f"{record.commit[:8]}+{digest[:8]}"


def share(value: float, *, digits: int = 0) -> str:
    """0.853 as ``85%``."""
    return f"{100 * value:.{digits}f}%"


def milliseconds(value: float) -> str:
    """``840 ms``, ``1.61 s`` or ``2.5 min``."""
    if value < 999.5:
        return f"{value:.0f} ms"
    return f"{value / 1000:.2f} s" if value < 99_995 else f"{value / 60_000:.1f} min"


def dollars(value: float) -> str:
    """US$ with as many digits as a small amount needs: ``$0.18``, ``$0.00042``."""
    if value == 0 or abs(value) >= 0.995:
        return f"${value:.2f}"
    digits = max(2, 1 - math.floor(math.log10(abs(value))))
    return f"${value:.{digits}f}"


def number(value: float) -> str:
    """A score without a unit: ``3``, ``0.82``, ``12.5``."""
    if value == round(value) and abs(value) < 1e6:
        return f"{value:.0f}"
    return f"{value:.3g}" if abs(value) < 100 else f"{value:.0f}"


def in_unit(value: float | None, unit: str) -> str:
    """A value of a Finding in its unit."""
    if value is None:
        return NOTHING
    writers = {"share": share, "ms": milliseconds, "USD": dollars, "tokens": number}
    if unit == "share" and abs(value) < 0.1:
        return share(value, digits=1)
    return writers.get(unit, number)(value)


def age(authored: str, now: datetime) -> str:
    """How long ago an ISO 8601 date was: ``5m``, ``3h``, ``12d``, ``4mo``."""
    try:
        moment = datetime.fromisoformat(authored)
    except ValueError:
        return UNREAD
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=timezone.utc)
    seconds = max(0, int((now - moment).total_seconds()))
    for size, unit in _AGES:
        if seconds >= size:
            return f"{seconds // size}{unit}"
    return f"{seconds // 60}m"


def count(numbers: TraceNumbers) -> str:
    """The number of traces: ``410``, ``≥200`` if there are more, ``?`` if they were not read."""
    if numbers.coverage == "unread" or numbers.traces is None:
        return UNREAD
    return f"≥{numbers.traces}" if numbers.coverage == "at least" else str(numbers.traces)


def trace_number(numbers: TraceNumbers, name: str) -> str:
    """One of a version's numbers: ``~`` in front if it stands on the newest traces only."""
    if numbers.coverage == "unread":
        return UNREAD
    value = getattr(numbers, name)
    if value is None:
        return NOTHING
    writers: dict[str, Callable[[float], str]] = {
        "error_rate": lambda v: share(v, digits=1),
        "latency_p50_ms": milliseconds,
        "latency_p95_ms": milliseconds,
        "cost": dollars,
        "tokens": lambda v: f"{v:.0f}",
    }
    guessed = name in numbers.sampled or numbers.coverage == "at least"
    return ("~" if guessed else "") + writers[name](value)


def score(value: Score | None) -> str:
    """``85%`` of yes/no values, otherwise the mean."""
    if value is None:
        return NOTHING
    if value.mean is None:
        return UNREAD
    return share(value.mean) if is_share(value) else number(value.mean)


def of_rows(value: Score | None) -> str:
    """``17/20`` of yes/no values, otherwise ``n=20``; empty if the rows are not known."""
    if value is None or value.rows is None:
        return ""
    return f"{value.passed}/{value.rows}" if value.passed is not None else f"n={value.rows}"


def is_share(value: Score) -> bool:
    """Whether the mean is a share of yes."""
    return value.passed is not None


def score_names(records: Iterable[VersionRecord], kind: str) -> list[str]:
    """The names of all ``metrics`` or all ``feedback`` of the records, sorted."""
    names: set[str] = set()
    for record in records:
        scores: Mapping[str, Score] = getattr(record, kind)
        names |= scores.keys()
    return sorted(names)


def metric_name(name: str) -> str:
    """What a metric is called in a sentence."""
    return _NAMES.get(name, name)


def headline(finding: Finding) -> str:
    """``correctness dropped from 85% to 67%``."""
    rose = (finding.after or 0) > (finding.before or 0)
    verb = "rose" if rose else "dropped"
    before, after = in_unit(finding.before, finding.unit), in_unit(finding.after, finding.unit)
    name = metric_name(finding.metric) if finding.source == "traces" else finding.metric
    return f"{name} {verb} from {before} to {after}"


def subject_of(history: History, commit: str | None) -> str:
    """The subject of a commit of the history; empty if it is not among the versions."""
    return next((r.subject for r in history if r.commit == commit), "")


def evidence(finding: Finding) -> str:
    """The evidence for a finding: ``p = 0.001, change −25 to −10 points, 540 and 300 rows``."""
    parts: list[str] = []
    if finding.p is not None:
        parts.append("p < 0.001" if finding.p < 0.001 else f"p = {finding.p:.2g}")
    if finding.interval is not None:
        parts.append(f"95% interval {interval(finding.interval, finding.unit)}")
    if finding.rows_before and finding.rows_after:
        parts.append(f"{finding.rows_before} values before, {finding.rows_after} after")
    return ", ".join(parts)


def interval(ends: tuple[float, float], unit: str) -> str:
    """A difference's interval: ``−25 to −10 points``, ``+0.3 s to +0.5 s``."""
    low, high = ends
    if unit == "share":
        return f"{_signed(100 * low, '.0f')} to {_signed(100 * high, '.0f')} points"
    return f"{_sign(low)}{in_unit(abs(low), unit)} to {_sign(high)}{in_unit(abs(high), unit)}"


def _signed(value: float, form: str) -> str:
    return f"{_sign(value)}{abs(value):{form}}"


def _sign(value: float) -> str:
    return "−" if value < 0 else "+"
