"""Histories made up for tests of presentation: no git, no MLflow."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import datetime, timedelta, timezone

from gitver_hooks.history.records import Finding, History, VersionRecord
from gitver_hooks.history.version_numbers import Score, TraceNumbers

NOW = datetime(2026, 11, 21, 9, 30, tzinfo=timezone.utc)
HOSTILE = "\x1b]0;owned\x07\x1b[31m<script>alert(1)</script>| **b** \u202e\r\n=1+1"
SUBJECTS = (
    "First prompt",
    "Retry on rate limit",
    "Shorter system prompt",
    "Cite the order number",
    "Fix typo in tool schema",
    "Cache the catalogue",
    "Refund policy in context",
    "Use gpt-4o-mini",
    "Log the tool calls",
    "Add reranker",
)


def thirty_versions(seed: int = 7) -> History:
    """Thirty commits with a drop of correctness at the twentieth, and five dirty versions."""
    randomness = random.Random(seed)
    records: list[VersionRecord] = []
    for number in range(30):
        clean = _record(randomness, number)
        records.append(clean)
        if number % 6 == 3:
            digest = f"{randomness.getrandbits(32):08x}"
            records.append(
                replace(
                    _record(randomness, number),
                    version=f"{clean.commit[:32]}-dirty-{digest}",
                    dirty=True,
                )
            )
    ordered = sorted(records, key=lambda r: (r.authored, not r.dirty), reverse=True)
    found = History(
        versions=tuple(ordered),
        app="shop",
        branch="main",
        store="sqlite:///mlflow.db",
        experiment="Default",
        remote_url="git@github.com:team/shop.git",
    )
    return found.with_findings(_findings(found))


def _findings(history: History) -> list[Finding]:
    commits = [record.commit for record in reversed(history.versions) if not record.dirty]
    return [
        Finding(
            "correctness",
            commit=commits[20],
            suspects=tuple(commits[18:21]),
            before=0.85,
            after=0.61,
            rows_before=540,
            rows_after=300,
            interval=(-0.31, -0.17),
            p=0.0008,
            better=False,
        ),
        Finding(
            "latency_p50_ms",
            source="traces",
            unit="ms",
            commit=commits[11],
            suspects=(commits[11],),
            before=1150.0,
            after=1610.0,
            rows_before=11,
            rows_after=19,
            interval=(380.0, 520.0),
            p=0.001,
            better=False,
        ),
        Finding("liked", kind="too little data", note="fewer than eight versions have it"),
    ]


def hostile() -> History:
    """Names and texts that would be control sequences, markup or formulas."""
    history = thirty_versions()
    score = Score(0.5, 2, 1, judges=(HOSTILE,))
    versions = tuple(
        replace(record, subject=HOSTILE, metrics={HOSTILE: score}, feedback={HOSTILE: score})
        for record in history
    )
    finding = replace(history.findings[0], metric=HOSTILE)
    return replace(
        history,
        versions=versions,
        findings=(finding,),
        app=HOSTILE,
        branch=HOSTILE,
        store=HOSTILE,
        partial=True,
        notes=(HOSTILE,),
        remote_url=f"https://github.com/{HOSTILE}",
    )


def _record(randomness: random.Random, number: int) -> VersionRecord:
    commit = f"{random.Random(number).getrandbits(160):040x}"
    authored = (NOW - timedelta(days=31 - number)).isoformat()
    subject = SUBJECTS[number % len(SUBJECTS)] + (f" {number // 10 + 1}" if number > 9 else "")
    if number in (8, 19):
        return VersionRecord(commit, commit, subject, authored)
    passed = sum(randomness.random() < (0.85 if number < 20 else 0.6) for _ in range(30))
    traces = randomness.choice((40, 260, 410))
    p50 = randomness.gauss(1150 if number < 11 else 1610, 40)
    tone = tuple(randomness.choice((3.0, 4.0, 5.0)) for _ in range(30))
    liked = round(traces * 0.08)
    return VersionRecord(
        version=commit,
        commit=commit,
        subject=subject,
        authored=authored,
        model_id=f"m-{number:032x}",
        model_name=f"shop-git-{commit[:8]}",
        live=TraceNumbers(
            traces,
            round(traces * abs(randomness.gauss(0.02, 0.01))),
            p50,
            p50 * randomness.uniform(1.8, 2.4),
            randomness.gauss(860, 25),
            randomness.gauss(0.0018, 0.0001),
            "exact",
            ("cost",) if traces > 200 else (),
        ),
        metrics={
            "correctness": Score(passed / 30, 30, passed),
            "tone": Score(sum(tone) / 30, 30, None, tone),
        },
        feedback={"liked": Score(round(liked * 0.8) / liked, liked, round(liked * 0.8))},
    )
