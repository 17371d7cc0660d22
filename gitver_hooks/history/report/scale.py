"""Maps commits and values to coordinates in a chart."""

from __future__ import annotations

from dataclasses import dataclass

WIDTH, HEIGHT = 760, 210
LEFT, RIGHT, TOP, BOTTOM = 56, 34, 26, 30


@dataclass(frozen=True)
class Scale:
    """Maps slots and values to coordinates."""

    slots: int
    low: float
    high: float

    def x(self, slot: float) -> float:
        span = WIDTH - LEFT - RIGHT
        return LEFT + span * ((slot + 0.5) / max(1, self.slots))

    def y(self, value: float) -> float:
        span = HEIGHT - TOP - BOTTOM
        share = (value - self.low) / (self.high - self.low)
        return TOP + span * (1 - min(1.0, max(0.0, share)))
