"""Decides whether more of a metric is better, by its name: MLflow does not record that."""

from __future__ import annotations

import re

_LESS_IS_BETTER = {
    *("cost", "duration", "error", "errors", "failure", "failures", "hallucination"),
    *("hallucinations", "latency", "ms", "seconds", "tokens", "toxic", "toxicity"),
    *("violation", "violations"),
}
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+")


def lower_is_better(metric: str) -> bool:
    """Whether the name of a metric has a word for something unwanted, such as ``latency``."""
    return any(word.lower() in _LESS_IS_BETTER for word in _WORD.findall(metric))
