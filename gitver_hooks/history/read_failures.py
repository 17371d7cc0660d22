"""Explains failures of reading: nothing was to be registered, so nothing is tried again later."""

from __future__ import annotations

from gitver_hooks.registry.failures import MLflowFailure, explain

# Remedies of the registry that do not apply to reading.
_ABOUT_REGISTERING = ("outbox", "gitver sync", "tried again")
_WORDS = {
    "let this user register a version": "let this user read the experiment",
    "refuses a registration of this size": "refuses a request of this size",
    "refuses the registration": "refuses the request",
}
_AGAIN = "try again"


def explain_read(error: BaseException, tracking_uri: str) -> MLflowFailure:
    """As ``registry.failures.explain``, in the words of somebody who reads."""
    failure = explain(error, tracking_uri)
    message = failure.message
    for words, instead in _WORDS.items():
        message = message.replace(words, instead)
    steps = [
        step
        for step in failure.remedy.replace(", then run `gitver sync`", "").split("; ")
        if not any(word in step for word in _ABOUT_REGISTERING)
    ]
    remedy = "; ".join(steps).replace("EDIT rights", "READ rights") or _AGAIN
    return MLflowFailure(message, remedy, permanent=failure.permanent)
