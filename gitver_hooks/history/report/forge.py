"""Links to commits on known forges."""

from __future__ import annotations

import re

_COMMIT_PATHS = {
    "github": "commit",
    "gitlab": "-/commit",
    "bitbucket": "commits",
    "codeberg": "commit",
    "gitea": "commit",
}
_URL = re.compile(
    r"(?:(?:https?|ssh|git)://(?:[\w.-]+@)?|[\w.-]+@)(?P<host>[\w.-]+)(?::\d+(?=/))?[:/]/?"
    r"(?P<path>[\w.~-]+(?:/[\w.~-]+?)+)(?:\.git)?/?"
)


def commit_link(remote_url: str | None, commit: str) -> str | None:
    """The page of a commit; None unless the remote is on a known forge.

    A forge is known by its host, such as ``github.com`` or ``gitlab.example.com``.
    """
    match = _URL.fullmatch(remote_url or "")
    if match is None or not re.fullmatch(r"[0-9a-f]+", commit):
        return None
    kind = next((name for name in _COMMIT_PATHS if match["host"].split(".")[0] == name), None)
    if kind is None:
        return None
    return f"https://{match['host']}/{match['path']}/{_COMMIT_PATHS[kind]}/{commit}"
