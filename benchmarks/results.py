"""Collects the measurements: samples by tree and case, and facts other than times."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from benchmarks.timing import Samples


@dataclass
class Results:
    """``samples[size][case]``, ``facts[size][name]``; ``counts`` are the files of each tree."""

    samples: dict[str, dict[str, Samples]] = field(default_factory=dict)
    facts: dict[str, dict[str, Any]] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)
    say: Callable[[str], None] = lambda text: None

    def add(self, size: str, samples: dict[str, Samples]) -> None:
        self.samples.setdefault(size, {}).update(samples)

    def note(self, size: str, name: str, fact: Any) -> None:
        self.facts.setdefault(size, {})[name] = fact

    def median(self, size: str, case: str) -> float:
        """The samples in seconds. Raises KeyError if the case was not measured."""
        return self.samples[size][case].median

    def as_json(self) -> dict[str, Any]:
        return {
            "files": self.counts,
            "seconds": {
                size: {name: samples.seconds for name, samples in cases.items()}
                for size, cases in self.samples.items()
            },
            "facts": self.facts,
            "failures": self.failures,
        }
