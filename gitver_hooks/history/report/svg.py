"""Draws a chart as SVG: lines, intervals, steps and marked changes."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from gitver_hooks.history import text
from gitver_hooks.history.records import Finding, VersionRecord
from gitver_hooks.history.report.markup import coordinate as c
from gitver_hooks.history.report.markup import element, escape, joined
from gitver_hooks.history.report.series import Chart, Point

_WIDTH, _HEIGHT = 760, 210
_LEFT, _RIGHT, _TOP, _BOTTOM = 56, 34, 26, 30
_TICKS = 4
_LABELS = 10


@dataclass(frozen=True)
class _Scale:
    """Maps slots and values to coordinates."""

    slots: int
    low: float
    high: float

    def x(self, slot: float) -> float:
        span = _WIDTH - _LEFT - _RIGHT
        return _LEFT + span * ((slot + 0.5) / max(1, self.slots))

    def y(self, value: float) -> float:
        span = _HEIGHT - _TOP - _BOTTOM
        share = (value - self.low) / (self.high - self.low)
        return _TOP + span * (1 - min(1.0, max(0.0, share)))


def draw(chart: Chart, slots: Sequence[VersionRecord], identifier: str) -> str:
    """The chart as an ``svg`` element with a title and a description for screen readers."""
    ticks = _ticks(chart)
    scale = _Scale(len(slots), ticks[0], ticks[-1])
    clean = [point for point in chart.points if not point.dirty]
    parts = [
        element("title", escape(text.metric_name(chart.name)), id=f"{identifier}-t"),
        element("desc", escape(_description(chart, clean)), id=f"{identifier}-d"),
        *_axes(chart, scale, ticks, slots),
        *(_suspect_area(finding, scale, slots) for finding in chart.findings),
        _band(clean, scale),
        *_tail(chart, scale),
        _line(clean, scale, "line"),
        *(part for f in chart.findings for part in _step_lines(f, scale, slots, chart)),
        *_marks(chart, scale),
        *(part for f in chart.findings for part in _step_labels(f, scale, slots, chart)),
        *(_label(finding, scale, slots) for finding in chart.findings),
    ]
    return element(
        "svg",
        joined(parts),
        viewBox=f"0 0 {_WIDTH} {_HEIGHT}",
        role="img",
        aria_labelledby=f"{identifier}-t {identifier}-d",
    )


def _ticks(chart: Chart) -> list[float]:
    """Round numbers that enclose all values and intervals."""
    low, high = _range(chart)
    step = _round_step((high - low) / _TICKS)
    first = math.floor(low / step + 1e-9)
    last = math.ceil(high / step - 1e-9)
    ticks = [step * number for number in range(first, last + 1)]
    return [tick for tick in ticks if not chart.share or -1e-9 <= tick <= 1 + 1e-9]


def _range(chart: Chart) -> tuple[float, float]:
    """The lowest and the highest value to show; they differ."""
    points = [*chart.points, *chart.upper]
    low = min(point.value if point.low is None else point.low for point in points)
    high = max(point.value if point.high is None else point.high for point in points)
    if not chart.share and low < 0.6 * high:
        low = min(low, 0.0)
    if high - low < 1e-9:
        low, high = low - (abs(low) or 1) * 0.1, high + (abs(high) or 1) * 0.1
        low = max(0.0, low) if chart.share else low
    return low, high


def _round_step(rough: float) -> float:
    """The smallest of … 0.5, 1, 2, 2.5, 5, 10, 20, 25 … that is not below ``rough``."""
    power: float = 10 ** math.floor(math.log10(rough))
    return next(m * power for m in (1, 2, 2.5, 5, 10) if m * power >= rough * 0.999)


def _axes(
    chart: Chart, scale: _Scale, ticks: list[float], slots: Sequence[VersionRecord]
) -> Iterator[str]:
    for tick in ticks:
        y = c(scale.y(tick))
        yield element("line", x1=_LEFT, x2=_WIDTH - _RIGHT, y1=y, y2=y, class_="grid")
        written = "0" if abs(tick) < 1e-12 and not chart.share else chart.write(tick)
        yield element("text", escape(written), x=_LEFT - 8, y=y, dy=4, class_="y")
    interval = max(1, math.ceil(len(slots) / _LABELS))
    for slot, record in enumerate(slots):
        if (len(slots) - 1 - slot) % interval == 0:
            label = escape(record.commit[:8])
            yield element("text", label, x=c(scale.x(slot)), y=_HEIGHT - 8, class_="x")


def _line(points: Sequence[Point], scale: _Scale, kind: str) -> str:
    if len(points) < 2:
        return ""
    path = " ".join(f"{c(scale.x(p.slot))},{c(scale.y(p.value))}" for p in points)
    return element("polyline", points=path, class_=kind)


def _band(points: Sequence[Point], scale: _Scale) -> str:
    ends = [(scale.x(p.slot), p.low, p.high) for p in points]
    known = [(x, low, high) for x, low, high in ends if low is not None and high is not None]
    if len(known) < 2:
        return ""
    upper = [f"{c(x)},{c(scale.y(high))}" for x, _, high in known]
    lower = [f"{c(x)},{c(scale.y(low))}" for x, low, _ in reversed(known)]
    return element("polygon", points=" ".join(upper + lower), class_="band")


def _tail(chart: Chart, scale: _Scale) -> Iterator[str]:
    clean = [point for point in chart.upper if not point.dirty]
    yield _line(clean, scale, "tail")
    lines = (chart.points, chart.upper)
    for name, points in zip(chart.line_names, lines, strict=True):
        last = next((point for point in reversed(points) if not point.dirty), None)
        if name and last is not None:
            x, y = c(scale.x(last.slot) + 9), c(scale.y(last.value) + 4)
            yield element("text", escape(name), x=x, y=y, class_="name")


def _marks(chart: Chart, scale: _Scale) -> Iterator[str]:
    changes = {finding.commit: finding for finding in chart.findings}
    for point in (*chart.upper, *chart.points):
        x, y = scale.x(point.slot), scale.y(point.value)
        title = element("title", escape(point.label))
        if point.dirty:
            square = {"x": c(x + 2), "y": c(y - 3), "width": 6, "height": 6}
            yield element("rect", title, **square, class_="dirty")
        elif point in chart.upper:
            yield element("circle", title, cx=c(x), cy=c(y), r=2, class_="tailpoint")
        elif (change := changes.get(point.commit)) is not None:
            tip = -6 if _rose(change) else 6
            corners = ((x - 6, y - tip * 0.8), (x + 6, y - tip * 0.8), (x, y + tip))
            shape = " ".join(f"{c(left)},{c(top)}" for left, top in corners)
            kind = "better" if change.better else "worse"
            yield element("polygon", title, points=shape, class_=kind)
        else:
            yield element("circle", title, cx=c(x), cy=c(y), r=3.2, class_="point")


def _rose(finding: Finding) -> bool:
    return (finding.after or 0) > (finding.before or 0)


def _place(commit: str | None, slots: Sequence[VersionRecord]) -> int | None:
    return next((slot for slot, record in enumerate(slots) if record.commit == commit), None)


def _suspect_area(finding: Finding, scale: _Scale, slots: Sequence[VersionRecord]) -> str:
    places = [p for p in (_place(commit, slots) for commit in finding.suspects) if p is not None]
    if not places:
        return ""
    left, right = scale.x(min(places) - 0.5), scale.x(max(places) + 0.5)
    return element(
        "rect",
        element("title", "the suspects"),
        x=c(left),
        y=_TOP,
        width=c(right - left),
        height=_HEIGHT - _TOP - _BOTTOM,
        class_="suspects",
    )


def _steps(
    finding: Finding, slots: Sequence[VersionRecord], chart: Chart
) -> Iterator[tuple[int, int, float, str]]:
    """The means before and after the change: first slot, end slot, value, which end has room."""
    place = _place(finding.commit, slots)
    if place is None or finding.before is None or finding.after is None:
        return
    others = [p for f in chart.findings if (p := _place(f.commit, slots)) is not None]
    start = max((other for other in others if other < place), default=0)
    end = min((other for other in others if other > place), default=len(slots))
    yield start, place, finding.before, "start"
    yield place, end, finding.after, "end"


def _step_lines(
    finding: Finding, scale: _Scale, slots: Sequence[VersionRecord], chart: Chart
) -> Iterator[str]:
    for first, end, value, _ in _steps(finding, slots, chart):
        x1, x2, y = scale.x(first - 0.5), scale.x(end - 0.5), scale.y(value)
        yield element("line", x1=c(x1), x2=c(x2), y1=c(y), y2=c(y), class_="step")


def _step_labels(
    finding: Finding, scale: _Scale, slots: Sequence[VersionRecord], chart: Chart
) -> Iterator[str]:
    for first, end, value, side in _steps(finding, slots, chart):
        x = scale.x(first - 0.5) + 4 if side == "start" else scale.x(end - 0.5) - 4
        label = escape(f"mean {text.in_unit(value, finding.unit)}")
        y = c(scale.y(value) + 16)
        yield element("text", label, x=c(x), y=y, text_anchor=side, class_="mean")


def _label(finding: Finding, scale: _Scale, slots: Sequence[VersionRecord]) -> str:
    place = _place(finding.commit, slots)
    if place is None:
        return ""
    x = scale.x(place)
    sign, verb = ("▲", "rose") if _rose(finding) else ("▼", "dropped")
    left = x < _WIDTH / 2
    kind = "change good" if finding.better else "change bad"
    label = f"{sign} {verb} at {(finding.commit or '')[:8]}"
    return joined(
        [
            element("line", x1=c(x), x2=c(x), y1=_TOP - 6, y2=_HEIGHT - _BOTTOM, class_="where"),
            element(
                "text",
                escape(label),
                x=c(x + 6 if left else x - 6),
                y=_TOP - 10,
                text_anchor="start" if left else "end",
                class_=kind,
            ),
        ]
    )


def _description(chart: Chart, clean: Sequence[Point]) -> str:
    """What a screen reader says instead of the picture."""
    parts = [f"{len(clean)} commits"]
    if clean:
        parts.append(f"from {chart.write(clean[0].value)} to {chart.write(clean[-1].value)}")
    parts += [f"{text.headline(f)} at {(f.commit or '')[:8]}" for f in chart.findings]
    return "; ".join(parts) + ". The table below has all values."
