"""Tells the story of the demo's history: thirty commits, at one of which the app gets worse."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

SUBJECTS = (
    *("First prompt", "Add order lookup", "Answer in the customer's language", "Log tool calls"),
    *("Cache the catalogue", "Cite the order number", "Retry on rate limit", "Tidy imports"),
    *("Shorter system prompt", "Polite closing line", "Escalate angry customers"),
    *("Add a reranker", "Raise top_k to 8", "Split prompts into files", "Fix typo in tool schema"),
    *("Refund policy in context", "Rename the agent", "Guard empty answers", "Parse dates"),
    *("Update the README", "Use a smaller model", "Greet by name", "Use the async client"),
    *("Drop an unused tool", "Tests for tools", "Format prices", "Trim the context"),
    *("Log the session", "Add a timeout", "Release 0.4"),
)
# The index of the commit at which the answers get worse, and of the one that makes them slower.
DROP = 20
_SLOWER = 11
_NOT_EVALUATED = frozenset({7, 19})
# The commits after which somebody ran the app with uncommitted changes.
_EDITED = frozenset({4, 12, 23})


@dataclass(frozen=True)
class DemoVersion:
    """One version of the app, and how good and fast it is."""

    number: int
    commit: str
    id: str
    dirty: bool

    @property
    def evaluated(self) -> bool:
        """Whether somebody has evaluated the version."""
        return self.number not in _NOT_EVALUATED

    @property
    def language_model(self) -> str:
        return language_model(self.number)

    @property
    def quality(self) -> float:
        """The probability of a correct answer."""
        return 0.9 if self.number < DROP else 0.62

    @property
    def latency_ms(self) -> float:
        """The median latency of a trace."""
        return 1150 if self.number < _SLOWER else 1600

    @property
    def tokens(self) -> int:
        """The mean number of tokens of a trace."""
        return 640 if self.number < _SLOWER else 870


def language_model(number: int) -> str:
    """The language model that the app calls as of that commit."""
    return "large-model" if number < DROP else "small-model"


def versions(commits: Sequence[str]) -> Iterator[DemoVersion]:
    """The versions to register, given the ids of the commits, oldest first."""
    for number, commit in enumerate(commits):
        yield DemoVersion(number, commit, commit, False)
        if number in _EDITED:
            digest = hashlib.sha256(f"{number} edited".encode()).hexdigest()[:8]
            yield DemoVersion(number, commit, f"{commit[:32]}-dirty-{digest}", True)
