"""The report's page: findings, tiles, charts and the table in one HTML file."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from importlib.resources import files

from gitver_hooks import __version__
from gitver_hooks.history import formats, text
from gitver_hooks.history.records import Finding, History, VersionRecord
from gitver_hooks.history.report.forge import commit_link
from gitver_hooks.history.report.markup import element, escape, joined
from gitver_hooks.history.report.series import charts, slots
from gitver_hooks.history.report.svg import draw
from gitver_hooks.history.report.versions import versions_table

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
    facts = [history.branch or "no branch"]
    if commits:
        facts.append(f"{commits[0].commit[:8]} to {commits[-1].commit[:8]}")
    facts.append(f"{len({r.commit for r in history})} commits, {dirty} uncommitted versions")
    facts.append(f"MLflow {history.store}, experiment {history.experiment}")
    facts.append(f"made {now:%Y-%m-%d %H:%M} UTC by gitver {__version__}")
    return joined(
        [
            "<main>",
            element("h1", escape(title)),
            element("p", escape(" · ".join(facts)), class_="soft"),
        ]
    )


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
        parts.append(element("p", "No change was found that chance does not explain."))
    for finding in history.undecided:
        line = f"{text.metric_name(finding.metric)}: {finding.note}"
        parts.append(element("p", escape(line), class_="soft"))
    return element("section", joined(parts))


def _finding(history: History, finding: Finding) -> str:
    kinds = {True: ("good", "better"), False: ("bad", "worse"), None: ("", "changed")}
    kind, verdict = kinds[finding.better]
    rose = (finding.after or 0) > (finding.before or 0)
    sentence = (
        f"<strong>{'▲' if rose else '▼'} {escape(text.headline(finding))}</strong> "
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
    tiles = list(_metric_tiles(history))
    newest = next((r for r in history if r.mainline and not r.dirty and r.live.traces), None)
    if newest is not None:
        at = f"at {text.short_version(newest)}"
        live = newest.live
        tail = text.trace_number(live, "latency_p95_ms")
        tiles += [
            (text.trace_number(live, "error_rate"), f"errors {at}, {text.count(live)} traces"),
            (text.trace_number(live, "latency_p50_ms"), f"latency p50 {at} (p95 {tail})"),
            (text.trace_number(live, "tokens"), f"tokens per trace {at}"),
            (text.trace_number(live, "cost"), f"cost per trace {at}"),
        ]
    written = (element("b", escape(v)) + element("span", escape(label)) for v, label in tiles)
    boxes = joined(element("div", box, class_="tile") for box in written)
    return element("div", boxes, class_="tiles") if tiles else ""


def _metric_tiles(history: History) -> Iterator[tuple[str, str]]:
    for name in text.score_names(history, "metrics")[:_MOST_METRIC_TILES]:
        newest = _newest_with(history, name)
        if newest is not None:
            score = newest.metrics[name]
            rows = text.of_rows(score)
            label = f"{name} at {text.short_version(newest)}" + (f", {rows}" if rows else "")
            yield text.score(score), label


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
        "~ over the newest traces only",
        "≥ at least",
        "▼ ▲ the most likely commit of a change; the shaded area covers all suspects",
    ]
    return element("footer", element("p", escape(" · ".join(marks)))) + "\n</main>"
