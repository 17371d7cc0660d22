"""Writes the report's page: findings, tiles, charts and the table in one HTML file."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from importlib.resources import files

from gitver_hooks import __version__
from gitver_hooks.history import formats, text
from gitver_hooks.history.records import Finding, History, VersionRecord
from gitver_hooks.history.report.changes import rose
from gitver_hooks.history.report.forge import commit_link
from gitver_hooks.history.report.markup import element, escape, joined
from gitver_hooks.history.report.series import charts, slots
from gitver_hooks.history.report.svg import draw
from gitver_hooks.history.report.versions import versions_table
from gitver_hooks.history.version_numbers import Score

# No script can run and nothing can be loaded, whatever a subject or an answer contains.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
_MOST_METRIC_TILES = 3


def report(history: History, now: datetime) -> str:
    """The page of a history, as HTML. ``now`` is the time that it is dated with."""
    title = f"{history.app} · quality over commits"
    style = files("gitver_hooks.history.report").joinpath("style.css").read_text("utf-8")
    head = joined(
        [
            '<meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{escape(_POLICY)}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            '<meta name="referrer" content="no-referrer">',
            element("title", escape(title)),
            element("style", style),
        ]
    )
    body = joined(
        [
            _header(history, title, now),
            _partial(history),
            _findings(history),
            _tiles(history),
            *_charts(history),
            versions_table(history, now),
            _footer(history),
        ]
    )
    page = element("html", joined([element("head", head), element("body", body)]), lang="en")
    return f"<!DOCTYPE html>\n{page}\n"


def _header(history: History, title: str, now: datetime) -> str:
    commits = slots(history)
    dirty = sum(record.dirty for record in history)
    code = [history.branch or "no branch"]
    if commits:
        code.append(f"{commits[0].commit[:8]} to {commits[-1].commit[:8]}")
    code.append(
        f"{len({record.commit for record in history})} commits, {dirty} uncommitted versions"
    )
    facts_of_store = [
        f"MLflow {history.store}, experiment {history.experiment}",
        f"made {now:%Y-%m-%d %H:%M} UTC by gitver {__version__}",
    ]
    lines = (
        element("p", escape(" · ".join(facts)), class_="soft") for facts in (code, facts_of_store)
    )
    return joined(["<main>", element("h1", escape(title)), *lines])


def _partial(history: History) -> str:
    if not history.partial:
        return ""
    why = element("p", escape("; ".join(history.notes)) + ". Unread numbers are shown as ?.")
    heading = element("h2", "⚠ This report is incomplete")
    return element("section", heading + why, class_="partial", role="alert")


def _findings(history: History) -> str:
    parts = [element("h2", "What changed")]
    parts += [_finding(history, finding) for finding in history.findings]
    if not history.findings:
        parts.append(element("p", "No significant change was found."))
    for finding in history.undecided:
        line = f"{text.metric_name(finding.metric)}: {finding.note}"
        parts.append(element("p", escape(line), class_="soft"))
    return element("section", joined(parts))


def _finding(history: History, finding: Finding) -> str:
    kinds = {True: ("good", "better"), False: ("bad", "worse"), None: ("", "changed")}
    kind, verdict = kinds[finding.better]
    sentence = (
        f"<strong>{'▲' if rose(finding) else '▼'} {escape(text.headline(finding))}</strong> "
        f"({verdict}) at {_commit(history, finding.commit)}: "
        f"{element('span', escape(text.evidence(finding)), class_='soft')}."
    )
    note = formats.judge_note(finding)
    suspects = ""
    if len(finding.suspects) > 1:
        named = ", ".join(_commit(history, commit) for commit in finding.suspects)
        suspects = element("p", f"Suspects, oldest first: {named}.", class_="suspected")
    return element(
        "div",
        f"<p>{sentence}</p>".replace("<p>", f'<p class="{kind}">', 1)
        + (element("p", escape(note + ".")) if note else "")
        + suspects,
        class_=f"finding {kind}".strip(),
    )


def _commit(history: History, commit: str | None) -> str:
    if commit is None:
        return "an unknown commit"
    subject = text.subject_of(history, commit)
    name = element("code", escape(commit[:8]))
    link = commit_link(history.remote_url, commit)
    linked = element("a", name, href=link) if link else name
    return f"{linked} {escape(f'“{subject}”')}" if subject else linked


def _tiles(history: History) -> str:
    newest = next((r for r in history if r.mainline and not r.dirty and r.live.traces), None)
    tiles = [*_metric_tiles(history, newest), *([] if newest is None else _traffic_tiles(newest))]
    if not tiles:
        return ""
    boxes = joined(
        element(
            "div",
            element("span", escape(name), class_="name")
            + element("b", escape(value))
            + element("span", escape(note)),
            class_="tile",
        )
        for name, value, note in tiles
    )
    heading = ""
    if newest is not None:
        heading = element("h2", f"Newest version that ran: {_commit(history, newest.commit)}")
    return heading + element("div", boxes, class_="tiles")


def _metric_tiles(history: History, newest: VersionRecord | None) -> Iterator[tuple[str, str, str]]:
    """Name, value and note of the newest scores, which may be those of an older version."""
    for name in text.score_names(history, "metrics")[:_MOST_METRIC_TILES]:
        scored = _newest_with(history, name)
        if scored is not None:
            score = scored.metrics[name]
            notes = [_rows_note(score)]
            if scored is not newest:
                notes.append(f"at {text.short_version(scored)}")
            yield name, text.score(score), " ".join(filter(None, notes))


def _rows_note(score: Score) -> str:
    if score.rows is None:
        return ""
    passed = f"{score.passed} of " if score.passed is not None else "mean of "
    return f"{passed}{score.rows} rows"


def _traffic_tiles(newest: VersionRecord) -> Iterator[tuple[str, str, str]]:
    live = newest.live
    yield "errors", text.trace_number(live, "error_rate"), f"of {text.count(live)} traces"
    tail = text.trace_number(live, "latency_p95_ms")
    yield "latency p50", text.trace_number(live, "latency_p50_ms"), f"p95 {tail}"
    yield "tokens", text.trace_number(live, "tokens"), "mean per trace"
    yield "cost", text.trace_number(live, "cost"), "mean per trace"


def _newest_with(history: History, metric: str) -> VersionRecord | None:
    return next((r for r in history if metric in r.metrics and not r.dirty and r.mainline), None)


def _charts(history: History) -> Iterator[str]:
    places = slots(history)
    for number, chart in enumerate(charts(history)):
        name = text.metric_name(chart.name) if chart.traffic else chart.name
        dirty = (
            "; dotted squares: uncommitted versions"
            if any(point.dirty for point in chart.points)
            else ""
        )
        heading = f"{escape(name)} <span>{escape(chart.explanation + dirty)}</span>"
        picture = draw(chart, places, f"chart{number}")
        scroll = element(
            "div",
            picture,
            class_="scroll chart",
            tabindex=0,
            role="region",
            aria_label=f"chart of {name}",
        )
        yield element("section", element("h2", heading) + scroll)


def _footer(history: History) -> str:
    marks = [
        "– nothing recorded",
        "? not read",
        "~ computed from the newest traces only",
        "≥ at least",
        "▼ ▲ the most likely commit of a change; the shaded area covers all suspects",
    ]
    return element("footer", element("p", escape(" · ".join(marks)))) + "\n</main>"
