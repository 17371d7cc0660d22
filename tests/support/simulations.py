"""Simulated histories and evaluations, with a change at a known place or none."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from gitver_hooks.history.statistics.series import Series


@dataclass(frozen=True)
class Simulation:
    """How a pass/fail metric is simulated.

    Each of ``rows`` inputs has its own probability of passing, from a beta distribution with the
    mean ``rate`` (all the same without ``varied``), the same in every version. ``jitter`` is the
    standard deviation by which a version as a whole differs. From the version ``at`` on, passing
    is less probable by ``drop`` on average. With ``unequal``, versions have a third of the rows up
    to all of them.
    """

    versions: int
    rows: int
    rate: float = 0.8
    varied: bool = True
    jitter: float = 0.0
    drop: float = 0.0
    at: int = 0
    unequal: bool = False


def simulate(simulation: Simulation, generator: Random) -> Series:
    """One history."""
    rates = input_rates(simulation.rows, simulation.rate, simulation.varied, generator)
    values = []
    for version in range(simulation.versions):
        shift = generator.gauss(0, simulation.jitter)
        factor = 1 - simulation.drop / simulation.rate if version >= simulation.at else 1.0
        rows = simulation.rows
        if simulation.unequal:
            rows = generator.randint(max(2, rows // 3), rows)
        chances = [rate * factor + shift for rate in rates[:rows]]
        values.append(tuple(float(generator.random() < chance) for chance in chances))
    means = tuple(sum(row) / len(row) for row in values)
    return Series(means, tuple(map(len, values)), tuple(values))


def input_rates(rows: int, rate: float, varied: bool, generator: Random) -> list[float]:
    """Each input's probability of passing."""
    if not varied:
        return [rate] * rows
    return [generator.betavariate(2 * rate, 2 * (1 - rate)) for _ in range(rows)]
