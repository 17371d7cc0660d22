"""Decides whether anybody needs a version: the one rule of what may be removed."""

from __future__ import annotations

from dataclasses import dataclass

from gitver_hooks.history.models import ModelData
from gitver_hooks.registry.limits import PARAM_PREFIX
from gitver_hooks.registry.tags import DESCRIPTION_TAG, USER_TAG, VERSION_TAG

# What gitver itself writes on a model. Any other tag or param was put there by somebody.
_OWN_TAGS = ("gitver.", "mlflow.source.")
_OWN_TAG_NAMES = (DESCRIPTION_TAG, USER_TAG)


@dataclass(frozen=True)
class Use:
    """The uses of a model that the model itself does not show.

    ``traces``: a trace is linked to it (and with it, any feedback). ``runs``: a run names it as its
    input or output. ``active``: a worktree of this repository has this version now, or waits for
    its registration.
    """

    traces: bool = False
    runs: bool = False
    active: bool = False


def reason_to_stay(model: ModelData, use: Use, *, before_ms: int) -> str | None:
    """Why a version stays in MLflow; None if it may be removed.

    Only dirty versions that gitver registered before ``before_ms`` (ms, Unix) and that nobody uses
    may be removed. Any metric, trace, run, or foreign tag or param counts as use.
    """
    reasons = {
        "it was not registered by gitver": VERSION_TAG not in model.tags,
        "it is a commit": not model.dirty,
        "it is too new": model.created_ms >= before_ms,
        "a worktree is at this version": use.active,
        "it has metrics": bool(model.metrics or model.run_ids),
        "it has traces": use.traces,
        "a run uses it": use.runs,
        "somebody tagged it": any(not _is_own_tag(name) for name in model.tags),
        "somebody logged params": any(not name.startswith(PARAM_PREFIX) for name in model.params),
    }
    return next((reason for reason, holds in reasons.items() if holds), None)


def _is_own_tag(name: str) -> bool:
    return name.startswith(_OWN_TAGS) or name in _OWN_TAG_NAMES
