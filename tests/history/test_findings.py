"""The findings in a history: over which versions, and with which words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from random import Random

import pytest

from gitver_hooks.history.directions import lower_is_better
from gitver_hooks.history.findings import findings
from gitver_hooks.history.records import Finding, History, VersionRecord
from gitver_hooks.history.version_numbers import Score, TraceNumbers

JUDGE = ("LLM_JUDGE openai:/judge-1",)


def commit(number: int) -> str:
    return f"{number:040x}"


def record(number: int, **fields: object) -> VersionRecord:
    bare = VersionRecord(commit(number), commit(number), f"Commit {number}", "2026-01-01T00:00:00Z")
    return replace(bare, **fields)  # type: ignore[arg-type]


def score(mean: float, rows: int = 20, judges: tuple[str, ...] = JUDGE) -> Score:
    passed = round(mean * rows)
    values = (1.0,) * passed + (0.0,) * (rows - passed)
    return Score(passed / rows, rows, passed, values, judges)


def history(records: Sequence[VersionRecord]) -> History:
    """The history of records that are given oldest first."""
    return History(tuple(reversed(records)))


def evaluated(*means: float) -> list[VersionRecord]:
    return [record(i, metrics={"correct": score(mean)}) for i, mean in enumerate(means)]


def only(found: list[Finding]) -> Finding:
    (finding,) = found
    return finding


DROP = (0.9, 0.85, 0.95, 0.9, 0.9, 0.85, 0.4, 0.45, 0.35, 0.4, 0.45, 0.4)


def test_a_drop_is_found_with_its_commit_size_and_direction() -> None:
    finding = only(findings(history(evaluated(*DROP))))
    assert (finding.metric, finding.kind, finding.unit) == ("correct", "change", "share")
    assert finding.commit == commit(6)
    assert commit(6) in finding.suspects
    assert (finding.before, finding.after) == pytest.approx((0.892, 0.408), abs=0.001)
    assert (finding.rows_before, finding.rows_after) == (120, 120)
    assert finding.better is False
    assert finding.cause == "app"
    assert finding.p is not None and finding.p < 0.01
    assert finding.interval is not None and finding.interval[1] < -0.3


def test_a_history_without_a_change_has_no_findings() -> None:
    assert findings(history(evaluated(*[0.8, 0.85, 0.75] * 4))) == []


def test_commits_that_were_never_evaluated_are_suspects_too() -> None:
    records = evaluated(*DROP)
    between = [record(100 + i) for i in range(3)]
    finding = only(findings(history([*records[:6], *between, *records[6:]])))
    assert finding.commit == commit(6)
    assert {commit(100), commit(101), commit(102), commit(6)} <= set(finding.suspects)
    order = [r.commit for r in [*records[:6], *between, *records[6:]]]
    assert list(finding.suspects) == sorted(finding.suspects, key=order.index)


def test_dirty_versions_and_other_branches_are_left_out() -> None:
    records = evaluated(*[0.8] * 6)
    misleading = [
        record(50 + i, dirty=i % 2 == 0, mainline=i % 2 == 0, metrics={"correct": score(0.1)})
        for i in range(8)
    ]
    assert findings(history([*records, *misleading])) == []


def test_a_change_of_judge_is_distinguished_from_a_change_of_the_app() -> None:
    records = [
        record(i, metrics={"correct": score(mean, judges=JUDGE if i < 6 else ("LLM_JUDGE other",))})
        for i, mean in enumerate(DROP)
    ]
    assert only(findings(history(records))).cause == "judge"


def test_an_unrecorded_judge_leaves_the_cause_open() -> None:
    records = [
        record(i, metrics={"correct": score(mean, judges=())}) for i, mean in enumerate(DROP)
    ]
    assert only(findings(history(records))).cause == "unknown"


def test_too_few_versions_are_reported_as_such() -> None:
    finding = only(findings(history(evaluated(0.9, 0.1))))
    assert finding.kind == "too little data"
    assert finding.note == "too little data to tell (2 versions have it, at least 3 are needed)"


def test_means_without_rows_need_eight_versions() -> None:
    def means(count: int) -> History:
        return history(
            [record(i, metrics={"f1": Score(0.9 if i < count / 2 else 0.4)}) for i in range(count)]
        )

    assert only(findings(means(7))).note.endswith("7 versions have it, at least 8 are needed)")
    assert only(findings(means(8))).kind == "change"


def test_more_metrics_need_more_versions() -> None:
    records = [
        record(i, metrics={name: Score(0.9 if i < 4 else 0.4) for name in ("a", "b")})
        for i in range(8)
    ]
    found = findings(history(records))
    assert [f.kind for f in found] == ["too little data"] * 2
    assert found[0].note.endswith("at least 9 are needed)")


def test_p_values_are_corrected_for_the_number_of_metrics() -> None:
    def with_noise(names: Sequence[str]) -> History:
        draws = Random(4)
        records = []
        for i in range(24):
            other = {name: score(round(draws.random(), 2)) for name in names}
            mean = 0.9 if i < 12 else 0.3
            records.append(record(i, metrics={"correct": score(mean), **other}))
        return history(records)

    alone = next(f for f in findings(with_noise([])) if f.metric == "correct")
    among = next(f for f in findings(with_noise("abcd")) if f.metric == "correct")
    assert alone.p is not None and among.p == pytest.approx(5 * alone.p)


def traces(i: int, **fields: object) -> TraceNumbers:
    numbers = TraceNumbers(traces=200, errors=2 + i % 3, coverage="exact")
    return replace(numbers, **fields)  # type: ignore[arg-type]


def test_latency_errors_and_cost_are_examined_too() -> None:
    def live(i: int) -> TraceNumbers:
        slow = i >= 8
        return traces(
            i,
            errors=40 + i % 3 if slow else 2 + i % 3,
            latency_p50_ms=(900.0 if slow else 300.0) * (1 + i % 3 / 50),
            cost=(0.002 if slow else 0.001) * (1 + i % 3 / 50),
        )

    found = {f.metric: f for f in findings(history([record(i, live=live(i)) for i in range(16)]))}
    assert set(found) == {"errors", "latency_p50_ms", "cost"}
    assert all(f.better is False and f.source == "traces" for f in found.values())
    latency = found["latency_p50_ms"]
    assert (latency.unit, latency.commit) == ("ms", commit(8))
    assert (latency.before, latency.after) == pytest.approx((306, 918), rel=0.01)
    assert latency.interval is not None
    assert 500 < latency.interval[0] < 612 < latency.interval[1] < 800


def test_traces_of_evaluations_are_used_if_the_app_has_no_others() -> None:
    records = [
        record(i, evaluation=traces(i, latency_p50_ms=100.0 + i % 2 + 50 * (i >= 6)))
        for i in range(12)
    ]
    assert [f.metric for f in findings(history(records))] == ["evaluation.latency_p50_ms"]


def test_free_calls_have_no_logarithm() -> None:
    records = [record(i, live=traces(i, cost=0.0 if i < 6 else 0.01)) for i in range(12)]
    finding = only([f for f in findings(history(records)) if f.metric == "cost"])
    assert (finding.before, finding.after) == pytest.approx((0, 0.01))


def test_values_that_are_no_numbers_are_left_out() -> None:
    records = evaluated(*DROP)
    broken = record(99, metrics={"correct": Score(float("nan"), 20)})
    finding = only(findings(history([*records[:3], broken, *records[3:]])))
    assert finding.commit == commit(6)


def test_an_empty_history_has_no_findings() -> None:
    assert findings(History()) == []


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("latency_p50_ms", True),
        ("errors", True),
        ("cost", True),
        ("responseToxicity", True),
        ("evaluation.latency_p50_ms", True),
        ("correctness", False),
        ("costume_quality", False),
    ],
)
def test_what_is_better_follows_from_the_name(name: str, expected: bool) -> None:
    assert lower_is_better(name) is expected
