"""Explains MLflow's failures: one line each, with a remedy and without credentials."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from gitver_hooks.common.errors import GitverError
from gitver_hooks.common.masking import mask
from gitver_hooks.common.printing import shortened
from gitver_hooks.common.uris import without_credentials
from gitver_hooks.registry.failure_kinds import BROKEN, KINDS, NEVER_OPEN, Facts

_LONGEST_DETAIL = 200


class MLflowFailure(GitverError):
    """MLflow could not do what it was asked to do.

    A registration that fails permanently is set aside with the reason; any other is tried again.
    """

    def __init__(self, message: str, remedy: str = "", *, permanent: bool = False) -> None:
        super().__init__(message, remedy)
        self.permanent = permanent


@dataclass(frozen=True)
class Purpose:
    """Phrases for messages and remedies about what MLflow was asked to do.

    ``retry`` says when that is tried again, and ``then`` what the user runs after the remedy.
    """

    action: str
    request: str
    rights: str
    retry: str
    then: str = ""


REGISTERING = Purpose(
    "register a version",
    "registration",
    "EDIT",
    "it stays in the outbox and will be retried; `gitver sync` retries it now",
    ", then run `gitver sync`",
)
READING = Purpose("read the experiment", "request", "READ", "try again")


def explain(
    error: BaseException, tracking_uri: str, purpose: Purpose = REGISTERING
) -> MLflowFailure:
    """The failure that explains ``error``, raised by MLflow's client or a library below it.

    Message and remedy are one line each and contain no credentials. ``tracking_uri`` says where
    MLflow is and may contain credentials. An MLflowFailure is returned unchanged.
    """
    if isinstance(error, MLflowFailure):
        return error
    facts = Facts.of(error)
    address = without_credentials(tracking_uri)
    words = {**vars(purpose), "where": address, "detail": _one_line(facts.detail, tracking_uri)}
    for kind in KINDS:
        if kind.applies(facts):
            return MLflowFailure(
                kind.message.format_map(words),
                kind.remedy.format_map(words),
                permanent=kind.permanent,
            )
    return MLflowFailure(f"MLflow at {address} failed: {words['detail']}", purpose.retry)


@contextmanager
def explained(tracking_uri: str, purpose: Purpose = REGISTERING) -> Iterator[None]:
    """Turn every exception raised in the block into the MLflowFailure that explains it.

    Other GitverErrors explain themselves and pass through.
    """
    try:
        yield
    except GitverError:
        raise
    except Exception as error:
        raise explain(error, tracking_uri, purpose) from error


def connection_broke(error: BaseException) -> bool:
    """Whether an open connection was closed during a request, so that a retry may succeed."""
    facts = Facts.of(error)
    return BROKEN(facts) and not NEVER_OPEN(facts)


def _one_line(text: str, tracking_uri: str) -> str:
    return shortened(" ".join(mask(text, tracking_uri).split()), _LONGEST_DETAIL)
