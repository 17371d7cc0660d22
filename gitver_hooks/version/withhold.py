"""Withholds secrets in diffs and params from what leaves the machine.

``recording.describe`` writes the unscanned diff into the registration, and with it into the
outbox. ``recording.safe_to_send`` calls this module once for each registration, in the deliverer,
before MLflow is contacted: importing detect-secrets takes 0.1 s, which no hook should wait for.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from gitver_hooks.version.diff import Diff, FilePatch, not_shown
from gitver_hooks.version.secret_names import has_secret_name
from gitver_hooks.version.secret_values import find_secret, mask_secrets

_MASKED = "***"
_SECRET_KEY = re.compile(
    r"passw(?:or)?d|passphrase|(?:^|[._-])(?:pwd|pass)$|secret|credential"
    r"|(?:api|access|account|private|auth|encryption|signing|subscription|service)[._-]?key"
    r"|(?:^|[._-])(?:auth|authorization|bearer|cookie)$|connection[._-]?string|(?:^|[._-])dsn$"
)
# The word alone is also used for tokens of a vocabulary, such as eos_token, and for counts.
_TOKEN_KEY = re.compile(r"token$|(?:^|[._-])key$")
_NO_SECRETS = frozenset({"", "null", "true", "false"})
_SHORTEST_TOKEN = 12


def withhold_secrets(diff: Diff) -> str:
    """The text of ``diff`` that may leave the machine: a patch for ``git apply``, then notes.

    Every line of every patch is scanned: added, removed and context lines alike. A file with a
    finding is named with the kind of the finding, and its content is not shown. The result is
    not longer than the diff, because such a note is shorter than the patch that it replaces.
    """
    shown: list[str] = []
    notes: list[str] = []
    for patch in diff.patches:
        kind = find_secret(patch.path.strip('"'), _content(patch))
        if kind is None:
            shown.append(patch.patch)
        else:
            notes.append(not_shown(patch.path, f"may contain a secret: {kind}"))
    return "".join((*shown, *notes, *diff.notes))


def mask_params(params: Mapping[str, str]) -> dict[str, str]:
    """``params``, where each value that is or contains a secret is masked with ``***``.

    The key may say so (``db.password``), or the value itself.
    """
    return {key: _mask_param(key, value) for key, value in params.items()}


def secret_kind(path: str, content: bytes, patterns: Iterable[str] = ()) -> str | None:
    """Why the file at ``path`` in the repository must not leave the machine; None if it may.

    The answer is a phrase such as ``its name suggests a secret`` or ``OpenAI key``.
    ``patterns`` are the user's own for names (setting ``secrets``). Binary content is searched too.
    """
    if has_secret_name(path, patterns):
        return "its name suggests a secret"
    return find_secret(path, content.decode("utf-8", "replace"))


def _content(patch: FilePatch) -> str:
    """The lines of the file in the patch, without the signs in front of them."""
    return "\n".join(line[1:] for line in patch.patch.split("\n") if line[:1] in ("+", "-", " "))


def _mask_param(key: str, value: str) -> str:
    lower = key.lower()
    if value.lower() in _NO_SECRETS:
        return value
    if _SECRET_KEY.search(lower):
        return _MASKED
    looks_random = len(value) >= _SHORTEST_TOKEN and any(character.isdigit() for character in value)
    if _TOKEN_KEY.search(lower) and looks_random and " " not in value:
        return _MASKED
    return mask_secrets(value)
