"""Removes secrets from a registration, as the last step before MLflow is contacted."""

from __future__ import annotations

from gitver_hooks.registry.registration import Registration
from gitver_hooks.registry.tags import DESCRIPTION_TAG, DIFF_TAG, LABEL_TAG
from gitver_hooks.version.diff import Diff
from gitver_hooks.version.secret_values import mask_secrets
from gitver_hooks.version.withhold import mask_params, withhold_secrets

# Tags that quote the user: the commit's subject and message, names of files.
_PROSE_TAGS = (DESCRIPTION_TAG, LABEL_TAG)


def safe_to_send(registration: Registration) -> Registration:
    """``registration`` without secrets, its diff scanned and turned into a tag.

    The deliverer calls this for each entry of the outbox, immediately before ``find_or_create``.
    """
    tags = dict(registration.tags)
    for key in _PROSE_TAGS:
        if key in tags:
            tags[key] = mask_secrets(tags[key])
    if registration.diff:
        tags[DIFF_TAG] = _diff_without_secrets(registration.diff)
    return registration._replace(tags=tags, params=mask_params(registration.params), diff="")


def _diff_without_secrets(text: str) -> str:
    try:
        diff = Diff.from_json(text)
    except ValueError:
        # Written by another version of gitver: the model is worth more than its diff.
        return "# not shown: the recorded diff cannot be read\n"
    return withhold_secrets(diff)
