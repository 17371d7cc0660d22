"""Holds a metric's values over the versions of a history, and permutes them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random
from statistics import fmean, median

from gitver_hooks.history.statistics.cusum import Pair, centred, heights_of_rows, permuted_heights

# More values than these are grouped before they are permuted, which takes time with each of them.
_MOST_UNITS = 300


@dataclass(frozen=True)
class Series:
    """One metric of at least two versions, oldest first.

    ``means`` are the versions' values, ``rows`` how many values each stands for, and ``values``
    those values, if all are known.
    """

    means: tuple[float, ...]
    rows: tuple[int, ...]
    values: tuple[tuple[float, ...], ...] | None = None

    def __len__(self) -> int:
        return len(self.means)

    def part(self, start: int, stop: int) -> Series:
        """The versions from ``start`` to before ``stop``."""
        values = None if self.values is None else self.values[start:stop]
        return Series(self.means[start:stop], self.rows[start:stop], values)

    def weights(self) -> list[float]:
        """The weight of each version: at most twice that of one with the median number of rows.

        Rows reduce the noise of the rows, but not that of the version (another day, another
        answer of the language model), so weights proportional to rows would let one large
        version decide.
        """
        typical = median(self.rows)
        return [rows / (rows + typical) for rows in self.rows]

    def pairs(self) -> list[Pair]:
        """The versions' weighted deviations from the mean, for the CUSUM."""
        return centred(self.means, self.weights())

    def is_constant(self) -> bool:
        """Whether all versions have the same value."""
        return max(self.means) - min(self.means) <= 1e-12 * max(1.0, abs(self.means[0]))

    def permutes_rows(self, level: float) -> bool:
        """Whether the rows have to be permuted, as permuting the versions cannot reach ``level``.

        A step in the middle of n versions is as high in 2 of the n-choose-n/2 divisions. Permuting
        the values of all versions is conservative if the versions share their inputs, but assumes
        that versions do not vary by themselves.
        """
        return self.values is not None and smallest_p(len(self)) > level

    def heights(self, generator: Random, by_row: bool, start: int | None = None) -> Iterator[float]:
        """CUSUM heights of random permutations; those before and from ``start`` on separately."""
        if by_row and self.values is not None:
            return self._row_heights(self.values, generator, start)
        return permuted_heights(self.pairs(), generator, start)

    def _row_heights(
        self, values: Sequence[Sequence[float]], generator: Random, start: int | None
    ) -> Iterator[float]:
        units = _grouped(values)
        sizes = list(map(len, units))
        border = sum(sizes[:start]) if start else 0
        flat = [value for version in units for value in version]
        return heights_of_rows(flat[:border], flat[border:], sizes, self.weights(), generator)


def smallest_p(versions: int) -> float:
    """The smallest p that permuting so many versions can give."""
    return 2 / math.comb(versions, versions // 2)


def _grouped(values: Sequence[Sequence[float]]) -> list[list[float]]:
    """The values, or if there are very many, means of equally many of them."""
    size = -(-sum(map(len, values)) // _MOST_UNITS)
    if size == 1:
        return [list(version) for version in values]
    return [[fmean(v[i : i + size]) for i in range(0, len(v), size)] for v in values]
