"""Measures in turns: each turn runs every case once, in random order, after warm-up turns."""

from __future__ import annotations

import random
import statistics
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.children import run


def nothing() -> None:
    """No preparation."""


@dataclass(frozen=True)
class Case:
    """A program to measure; ``before`` and ``after`` run around it and are not measured."""

    name: str
    command: tuple[str, ...]
    folder: Path
    environment: Mapping[str, str]
    before: Callable[[], object] = nothing
    after: Callable[[], object] = nothing


@dataclass
class Samples:
    """The durations of the runs of one case."""

    seconds: list[float] = field(default_factory=list)

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)

    @property
    def quartiles(self) -> tuple[float, float]:
        """The first and third quartile."""
        if len(self.seconds) < 2:
            return self.seconds[0], self.seconds[0]
        low, _, high = statistics.quantiles(self.seconds, n=4, method="inclusive")
        return low, high


@dataclass(frozen=True)
class Turns:
    """How often to measure: ``counted`` turns after ``warm_up`` turns that are not counted."""

    counted: int
    warm_up: int

    def fewer(self, most: int) -> Turns:
        """The same with at most that many turns, for slow cases."""
        return Turns(min(self.counted, most), min(self.warm_up, 1))


def measure(cases: Iterable[Case], turns: Turns) -> dict[str, Samples]:
    """The samples of each case, by the name of the case."""
    cases = list(cases)
    samples = {case.name: Samples() for case in cases}
    order = random.Random(0)
    for turn in range(turns.warm_up + turns.counted):
        for case in order.sample(cases, len(cases)):
            case.before()
            ended = run(case.command, case.folder, case.environment)
            case.after()
            if turn >= turns.warm_up:
                samples[case.name].seconds.append(ended.seconds)
    return samples
