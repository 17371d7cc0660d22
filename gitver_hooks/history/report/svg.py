"""Draws a chart as SVG: lines, intervals, steps and marked changes."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from gitver_hooks.history import text
from gitver_hooks.history.records import VersionRecord
from gitver_hooks.history.report.changes import (
    change_label,
    rose,
    step_labels,
    step_lines,
    suspect_area,
)
from gitver_hooks.history.report.markup import coordinate as c
from gitver_hooks.history.report.markup import element, escape, joined
from gitver_hooks.history.report.scale import HEIGHT, LEFT, RIGHT, WIDTH, Scale
from gitver_hooks.history.report.series import Chart, Point

_TICKS = 4
_LABELS = 10


def draw(chart: Chart, slots: Sequence[VersionRecord], identifier: str) -> str:
    """The chart as an ``svg`` element with a title and a description for screen readers."""
    ticks = _ticks(chart)
    scale = Scale(len(slots), ticks[0], ticks[-1])
    clean = [point for point in chart.points if not point.dirty]
    parts = [
        element("title", escape(text.metric_name(chart.name)), id=f"{identifier}-t"),
        element("desc", escape(_description(chart, clean)), id=f"{identifier}-d"),
        *_axes(chart, scale, ticks, slots),
        *(suspect_area(finding, scale, slots) for finding in chart.findings),
        _band(clean, scale),
        *_tail(chart, scale),
        _line(clean, scale, "line"),
        *(part for f in chart.findings for part in step_lines(f, scale, slots, chart)),
        *_marks(chart, scale),
        *(part for f in chart.findings for part in step_labels(f, scale, slots, chart)),
        *(change_label(finding, scale, slots) for finding in chart.findings),
    ]
    return element(
        "svg",
        joined(parts),
        viewBox=f"0 0 {WIDTH} {HEIGHT}",
        role="img",
        aria_labelledby=f"{identifier}-t {identifier}-d",
    )


def _ticks(chart: Chart) -> list[float]:
    """Round numbers that enclose all values and intervals."""
    low, high = _range(chart)
    step = _round_step((high - low) / _TICKS)
    lowest = math.floor(low / step + 1e-9)
    highest = math.ceil(high / step - 1e-9)
    ticks = [step * number for number in range(lowest, highest + 1)]
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
    return next(
        multiple * power for multiple in (1, 2, 2.5, 5, 10) if multiple * power >= rough * 0.999
    )


def _axes(
    chart: Chart, scale: Scale, ticks: list[float], slots: Sequence[VersionRecord]
) -> Iterator[str]:
    for tick in ticks:
        y = c(scale.y(tick))
        yield element("line", x1=LEFT, x2=WIDTH - RIGHT, y1=y, y2=y, class_="grid")
        written = "0" if abs(tick) < 1e-12 and not chart.share else chart.write(tick)
        yield element("text", escape(written), x=LEFT - 8, y=y, dy=4, class_="y")
    interval = max(1, math.ceil(len(slots) / _LABELS))
    for slot, record in enumerate(slots):
        if (len(slots) - 1 - slot) % interval == 0:
            label = escape(record.commit[:8])
            # On a phone, there is room for every other label.
            kind = "x" if (len(slots) - 1 - slot) % (2 * interval) == 0 else "x between"
            yield element("text", label, x=c(scale.x(slot)), y=HEIGHT - 8, class_=kind)


def _line(points: Sequence[Point], scale: Scale, kind: str) -> str:
    if len(points) < 2:
        return ""
    path = " ".join(f"{c(scale.x(point.slot))},{c(scale.y(point.value))}" for point in points)
    return element("polyline", points=path, class_=kind)


def _band(points: Sequence[Point], scale: Scale) -> str:
    ends = [(scale.x(point.slot), point.low, point.high) for point in points]
    with_interval = [
        (x, low, high) for x, low, high in ends if low is not None and high is not None
    ]
    if len(with_interval) < 2:
        return ""
    upper = [f"{c(x)},{c(scale.y(high))}" for x, _, high in with_interval]
    lower = [f"{c(x)},{c(scale.y(low))}" for x, low, _ in reversed(with_interval)]
    return element("polygon", points=" ".join(upper + lower), class_="band")


def _tail(chart: Chart, scale: Scale) -> Iterator[str]:
    clean = [point for point in chart.upper if not point.dirty]
    yield _line(clean, scale, "tail")
    lines = (chart.points, chart.upper)
    for name, points in zip(chart.line_names, lines, strict=True):
        newest = next((point for point in reversed(points) if not point.dirty), None)
        if name and newest is not None:
            x, y = c(scale.x(newest.slot) + 9), c(scale.y(newest.value) + 4)
            yield element("text", escape(name), x=x, y=y, class_="name")


def _marks(chart: Chart, scale: Scale) -> Iterator[str]:
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
            tip = -6 if rose(change) else 6
            corners = ((x - 6, y - tip * 0.8), (x + 6, y - tip * 0.8), (x, y + tip))
            shape = " ".join(f"{c(left)},{c(top)}" for left, top in corners)
            kind = "better" if change.better else "worse"
            yield element("polygon", title, points=shape, class_=kind)
        else:
            yield element("circle", title, cx=c(x), cy=c(y), r=3.2, class_="point")


def _description(chart: Chart, clean: Sequence[Point]) -> str:
    """The text that a screen reader reads instead of the picture."""
    parts = [f"{len(clean)} commits"]
    if clean:
        parts.append(f"from {chart.write(clean[0].value)} to {chart.write(clean[-1].value)}")
    parts += [f"{text.headline(f)} at {(f.commit or '')[:8]}" for f in chart.findings]
    return "; ".join(parts) + ". The table below has all values."
