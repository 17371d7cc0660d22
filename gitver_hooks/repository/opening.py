"""Open a repository with dulwich so that only what decides its format can make it fail."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dulwich.config import ConfigFile
from dulwich.repo import Repo, UnsupportedExtension, UnsupportedVersion

from gitver_hooks.gitfiles.location import Location

if TYPE_CHECKING:
    from gitver_hooks.repository.configuration import Configuration

_CORE, _EXTENSIONS = (b"core",), (b"extensions",)
# The extensions of git's Documentation/technical/repository-version.txt that do not change how
# objects, refs and the index are read. ``relativeWorktrees`` (git 2.48) is about links between
# worktrees, ``compatObjectFormat`` (git 2.45) only adds a table of translated ids.
_HARMLESS_EXTENSIONS = frozenset(
    (
        b"noop", b"noop-v1", b"partialclone", b"preciousobjects", b"worktreeconfig",
        b"relativeworktrees", b"compatobjectformat",
    )
)  # fmt: skip
_FORMAT_EXTENSIONS = (b"objectformat", b"refstorage")


class OpenedRepo(Repo):
    """dulwich's repository, reading from a configuration that only states the format.

    dulwich parses a dozen tuning options while it opens a repository and raises ValueError on
    spellings that git accepts (``256m``, ``yes``, ``1``). None of them matters to a reader.
    """

    def __init__(self, location: Location, configuration: Configuration) -> None:
        self._format = _format_of(configuration)
        super().__init__(
            controldir=location.git_dir, commondir=location.common_dir, worktree=location.worktree
        )

    def get_config(self) -> ConfigFile:
        return self._format


def _format_of(configuration: Configuration) -> ConfigFile:
    """The part of a repository's configuration that says how to read it.

    Raises UnsupportedVersion or UnsupportedExtension for what git itself would refuse.
    """
    version = (configuration.text(_CORE, b"repositoryformatversion") or b"0").strip()
    if version not in (b"0", b"1"):
        raise UnsupportedVersion(version.decode("ascii", "backslashreplace"))  # type: ignore[arg-type]
    stated = ConfigFile()
    stated.set(_CORE, b"repositoryformatversion", version)
    for name, value in configuration.items(_EXTENSIONS):
        if name.lower() in _FORMAT_EXTENSIONS:
            stated.set(_EXTENSIONS, name.lower(), value)
        elif version == b"1" and name.lower() not in _HARMLESS_EXTENSIONS:
            raise UnsupportedExtension(name.decode("utf-8", "backslashreplace"))
    return stated
