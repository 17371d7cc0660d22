"""One row of the table, and how it is computed from samples."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.results import Results

MEGABYTE = 1_000_000


@dataclass(frozen=True)
class Row:
    """One line of the table. ``basis`` shows what ``figure`` (in ``unit``) was computed from.

    ``budget`` is the upper limit, None if there is none.
    """

    group: str
    tree: str
    what: str
    figure: float
    unit: str
    basis: str
    budget: float | None = None

    @property
    def met(self) -> bool | None:
        return None if self.budget is None else self.figure <= self.budget


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.1f} ms" if abs(seconds) < 0.1 else f"{seconds * 1000:.0f} ms"


class Maker:
    """Computes the rows of one group in one tree."""

    def __init__(self, results: Results, group: str, size: str) -> None:
        self._results = results
        self._group = group
        self._size = size

    def seconds(self, case: str, less: str | None = None) -> float:
        subtracted = self._results.median(self._size, less) if less else 0.0
        return self._results.median(self._size, case) - subtracted

    def shown(self, case: str, less: str | None = None) -> str:
        """The median, and half the distance between the quartiles as a percentage of it."""
        samples = self._results.samples[self._size][case]
        low, high = samples.quartiles
        spread = f" ±{(high - low) / 2 / samples.median:.0%}" if high > low else ""
        return _ms(self.seconds(case, less)) + spread

    def ratio(
        self, what: str, case: str, over: str, budget: float | None = None, less: str | None = None
    ) -> Row:
        """The ratio of ``case`` (minus ``less``) to ``over``."""
        figure = self.seconds(case, less) / self.seconds(over)
        basis = f"{self.shown(case, less)} / {self.shown(over)}"
        return Row(self._group, self._size, what, figure, "x", basis, budget)

    def time(
        self,
        what: str,
        case: str,
        budget_ms: float | None = None,
        less: str | None = None,
        parts: int = 1,
    ) -> Row:
        """``case`` (minus ``less``) divided by the number of parts, in ms."""
        figure = self.seconds(case, less) / parts
        basis = self.shown(case) + (f" - {self.shown(less)}" if less else "")
        basis += f", / {parts}" if parts > 1 else ""
        return Row(self._group, self._size, what, figure * 1000, "ms", basis, budget_ms)
