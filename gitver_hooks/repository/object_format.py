"""Checks the format of a repository, and finds out its hash algorithm.

Only settings that decide how objects are read can make the check fail. git's tuning options may
have any spelling that git accepts (``256m``, ``yes``, ``1``).
"""

from __future__ import annotations

import os

from gitver_hooks.common.errors import GitverError
from gitver_hooks.gitfiles.location import Location
from gitver_hooks.repository.configuration import Configuration

CORE, EXTENSIONS = (b"core",), (b"extensions",)
VERSION, OBJECT_FORMAT, REF_STORAGE = b"repositoryformatversion", b"objectformat", b"refstorage"
# The extensions of git's Documentation/technical/repository-version.txt that do not change how
# objects, refs and the index are read. ``relativeWorktrees`` (git 2.48) is about links between
# worktrees, ``compatObjectFormat`` (git 2.45) only adds a table of translated ids.
_HARMLESS_EXTENSIONS = frozenset(
    (
        b"noop", b"noop-v1", b"partialclone", b"preciousobjects", b"worktreeconfig",
        b"relativeworktrees", b"compatobjectformat",
    )
)  # fmt: skip
_KNOWN = {OBJECT_FORMAT: (b"sha1", b"sha256"), REF_STORAGE: (b"files", b"reftable")}


def object_format(location: Location, configuration: Configuration) -> str:
    """The hash that a repository uses: ``sha1`` or ``sha256``.

    ``configuration`` is the repository's own. Raises GitverError for what git itself would refuse.
    """
    problem = _problem(location, configuration)
    if problem is not None:
        raise GitverError(
            f"the repository at {location.git_dir} cannot be opened: {problem}",
            "check it with `git fsck`",
        )
    return (configuration.text(EXTENSIONS, OBJECT_FORMAT) or b"sha1").lower().decode("ascii")


def _problem(location: Location, configuration: Configuration) -> str | None:
    if not os.path.isdir(os.path.join(location.common_dir, "objects")):
        return "it has no objects"
    version = (configuration.text(CORE, VERSION) or b"0").strip()
    if version not in (b"0", b"1"):
        return f"it has the unknown format version {_shown(version)}"
    for name, value in configuration.items(EXTENSIONS):
        if name in _KNOWN:
            if value.lower() not in _KNOWN[name]:
                return f"it has the unknown {_shown(name)} {_shown(value)}"
        elif version == b"1" and name not in _HARMLESS_EXTENSIONS:
            return f"it uses the unknown extension {_shown(name)}"
    return None


def _shown(text: bytes) -> str:
    return text.decode("utf-8", "backslashreplace")
