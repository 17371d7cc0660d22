"""Checks values of the tree that need the user's approval against the approvals given."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from gitver_hooks.common.errors import GitverError
from gitver_hooks.repository.configuration import Configuration
from gitver_hooks.settings.keys import SETTINGS_FILE, Key
from gitver_hooks.settings.sources import shown, shown_value

ALLOWED = "gitver.allowed"


class NotAllowed(GitverError):
    """The tree asks for something that only the user may decide, and that has not been allowed."""


class Request(NamedTuple):
    """A value of the tree that would take effect if it were allowed."""

    key: Key
    value: Any
    is_allowed: bool

    @property
    def text(self) -> str:
        """The text that is approved and stored in git's configuration: ``wait=3``."""
        return approval_text(self.key, self.value)


def approval_text(key: Key, value: object) -> str:
    return f"{key.name}={key.kind.text(value)}"


def allowed_texts(configuration: Configuration) -> frozenset[str]:
    """The approvals in git's configuration of the clone and of the user."""
    values = configuration.section((b"gitver",)).get(b"allowed", [])
    return frozenset(value.decode("utf-8", "backslashreplace") for value in values)


def refusal(requests: Sequence[Request], environment: Mapping[str, str]) -> NotAllowed:
    """The error for ``requests``, in one line that says how to accept them and how to refuse."""
    asked = ", ".join(
        f"{request.key.name} {shown(shown_value(request.key, request.value))}"
        for request in requests
    )
    example = f"git config {requests[0].key.git_name} VALUE"
    if _is_on_path(environment):
        remedy = f"accept with `gitver allow`, or set your own value with `{example}`"
    else:
        remedy = f"accept it or set your own value with `{example}`"
    return NotAllowed(
        f"{SETTINGS_FILE} asks for {asked}, which is not allowed in this clone, so nothing is "
        "recorded",
        remedy,
    )


def _is_on_path(environment: Mapping[str, str]) -> bool:
    """Whether the user's shell finds ``gitver``."""
    # Imported where needed: hooks are faster without it.
    import shutil

    folders = environment.get("PATH", os.defpath).split(os.pathsep)
    if os.path.basename(sys.prefix).startswith("py_env-"):
        # pre-commit puts its environment for the hook on PATH, for the hook alone.
        own = os.path.join(sys.prefix, "bin")
        folders = [folder for folder in folders if os.path.abspath(folder) != own]
    return shutil.which("gitver", path=os.pathsep.join(folders)) is not None
