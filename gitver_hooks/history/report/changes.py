"""Draws the changes that were found in a chart: their suspects, the means and the labels."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from gitver_hooks.history import text
from gitver_hooks.history.records import Finding, VersionRecord
from gitver_hooks.history.report.markup import coordinate as c
from gitver_hooks.history.report.markup import element, escape, joined
from gitver_hooks.history.report.scale import BOTTOM, HEIGHT, TOP, WIDTH, Scale
from gitver_hooks.history.report.series import Chart

# The mean width of a character of a label.
_LETTER = 6.5


def rose(finding: Finding) -> bool:
    """Whether the value is higher after the change."""
    return (finding.after or 0) > (finding.before or 0)


def _place(commit: str | None, slots: Sequence[VersionRecord]) -> int | None:
    return next((slot for slot, record in enumerate(slots) if record.commit == commit), None)


def suspect_area(finding: Finding, scale: Scale, slots: Sequence[VersionRecord]) -> str:
    """The shaded area over the suspects."""
    places = [p for p in (_place(commit, slots) for commit in finding.suspects) if p is not None]
    if not places:
        return ""
    left, right = scale.x(min(places) - 0.5), scale.x(max(places) + 0.5)
    return element(
        "rect",
        element("title", "the suspects"),
        x=c(left),
        y=TOP,
        width=c(right - left),
        height=HEIGHT - TOP - BOTTOM,
        class_="suspects",
    )


def _steps(
    finding: Finding, slots: Sequence[VersionRecord], chart: Chart
) -> Iterator[tuple[int, int, float, str]]:
    """The means before and after the change: first slot, end slot, value, which end has room."""
    place = _place(finding.commit, slots)
    if place is None or finding.before is None or finding.after is None:
        return
    change_places = [p for f in chart.findings if (p := _place(f.commit, slots)) is not None]
    start = max((change_place for change_place in change_places if change_place < place), default=0)
    end = min(
        (change_place for change_place in change_places if change_place > place), default=len(slots)
    )
    yield start, place, finding.before, "start"
    yield place, end, finding.after, "end"


def step_lines(
    finding: Finding, scale: Scale, slots: Sequence[VersionRecord], chart: Chart
) -> Iterator[str]:
    """The lines at the means before and after the change."""
    for start, end, value, _ in _steps(finding, slots, chart):
        x1, x2, y = scale.x(start - 0.5), scale.x(end - 0.5), scale.y(value)
        yield element("line", x1=c(x1), x2=c(x2), y1=c(y), y2=c(y), class_="step")


def step_labels(
    finding: Finding, scale: Scale, slots: Sequence[VersionRecord], chart: Chart
) -> Iterator[str]:
    """The labels of these lines."""
    for start, end, value, side in _steps(finding, slots, chart):
        x = scale.x(start - 0.5) + 4 if side == "start" else scale.x(end - 0.5) - 4
        label = f"mean {text.in_unit(value, finding.unit)}"
        span = (x, x + _LETTER * len(label)) if side == "start" else (x - _LETTER * len(label), x)
        y = scale.y(value) + offset_with_room(chart, scale, span, scale.y(value))
        yield element("text", escape(label), x=c(x), y=c(y), text_anchor=side, class_="mean")


def offset_with_room(chart: Chart, scale: Scale, span: tuple[float, float], y: float) -> float:
    """The offset below the line at ``y`` at which a label hides the fewest points."""
    left, right = span

    def hidden(offset: float) -> int:
        top, bottom = y + offset - 13, y + offset + 5
        return sum(
            left - 8 <= scale.x(point.slot) <= right + 8 and top <= scale.y(point.value) <= bottom
            for point in (*chart.points, *chart.upper)
        )

    lowest = HEIGHT - BOTTOM - 4
    offsets = [offset for offset in (16.0, -7.0, 30.0, -20.0) if TOP < y + offset <= lowest]
    return min(offsets, key=hidden, default=16.0)


def change_label(finding: Finding, scale: Scale, slots: Sequence[VersionRecord]) -> str:
    """The vertical line at the commit of the change, and its label."""
    place = _place(finding.commit, slots)
    if place is None:
        return ""
    x = scale.x(place)
    sign, verb = ("▲", "rose") if rose(finding) else ("▼", "dropped")
    left = x < WIDTH / 2
    kind = "change good" if finding.better else "change bad"
    label = f"{sign} {verb} at {(finding.commit or '')[:8]}"
    return joined(
        [
            element("line", x1=c(x), x2=c(x), y1=TOP - 6, y2=HEIGHT - BOTTOM, class_="where"),
            element(
                "text",
                escape(label),
                x=c(x + 6 if left else x - 6),
                y=TOP - 10,
                text_anchor="start" if left else "end",
                class_=kind,
            ),
        ]
    )
