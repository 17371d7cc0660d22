"""Opens a repository with dulwich, for reftables, the history, and objects in unusual files."""

from __future__ import annotations

import zlib

from dulwich.config import ConfigFile
from dulwich.errors import (
    ApplyDeltaError,
    ChecksumMismatch,
    NotGitRepository,
    ObjectFormatException,
)
from dulwich.objects import ObjectID
from dulwich.refs import HEADREF, DiskRefsContainer, Ref
from dulwich.repo import Repo, UnsupportedExtension, UnsupportedVersion

from gitver_hooks.common.errors import GitverError
from gitver_hooks.gitfiles.location import Location
from gitver_hooks.gitfiles.object_files import RawObject
from gitver_hooks.gitfiles.refs import Head, symbolic_target
from gitver_hooks.repository.configuration import Configuration, read_format_configuration
from gitver_hooks.repository.object_format import (
    CORE,
    EXTENSIONS,
    OBJECT_FORMAT,
    REF_STORAGE,
    VERSION,
)

_DAMAGED = (
    *(ApplyDeltaError, ChecksumMismatch, ObjectFormatException),
    *(AssertionError, OSError, ValueError, zlib.error),
)


class _Refs(DiskRefsContainer):
    """dulwich's refs, for a ``packed-refs`` that may be empty, which git accepts."""

    def get_packed_refs(self) -> dict[Ref, ObjectID]:
        try:
            return super().get_packed_refs()
        except StopIteration:
            return {}


class _OpenedRepo(Repo):
    """dulwich's repository with a configuration that contains nothing but the format.

    dulwich parses a dozen tuning options while it opens a repository and raises ValueError on
    spellings that git accepts (``256m``, ``yes``, ``1``). None of them matters for reading.
    """

    def __init__(self, location: Location, configuration: Configuration) -> None:
        self._format = _format_of(configuration)
        super().__init__(
            controldir=location.git_dir, commondir=location.common_dir, worktree=location.worktree
        )
        if isinstance(self.refs, DiskRefsContainer):
            # Without a logger, no reflog is written.
            self.refs = _Refs(location.common_dir, location.git_dir)

    def get_config(self) -> ConfigFile:
        return self._format


def open_with_dulwich(location: Location) -> Repo:
    """The repository of a worktree; the caller closes it.

    Raises GitverError if dulwich does not know its format.
    """
    try:
        return _OpenedRepo(location, read_format_configuration(location))
    except (NotGitRepository, UnsupportedExtension, UnsupportedVersion, OSError) as error:
        raise GitverError(
            f"the repository at {location.git_dir} cannot be opened: {error}",
            "check it with `git fsck`",
        ) from error


def head_in_reftable(repo: Repo) -> Head:
    """HEAD of a repository that keeps its refs in reftables."""
    ref = symbolic_target(repo.refs.read_ref(HEADREF))
    try:
        return Head(ref, bytes.fromhex(repo.head().decode("ascii")))
    except KeyError:
        return Head(ref, None)


def object_with_dulwich(repo: Repo, raw_id: bytes) -> RawObject | None:
    """The type and the content of an object; None if the repository does not have it.

    Raises GitverError if it is damaged.
    """
    try:
        git_object = repo.object_store[ObjectID(raw_id.hex().encode("ascii"))]
        return git_object.type_name, git_object.as_raw_string()
    except KeyError:
        return None
    except _DAMAGED as error:
        raise GitverError(
            f"the object {raw_id.hex()} in {repo.commondir()} is damaged: {error}",
            "run `git fsck` and repair the repository",
        ) from error


def _format_of(configuration: Configuration) -> ConfigFile:
    stated = ConfigFile()
    stated.set(CORE, VERSION, configuration.text(CORE, VERSION) or b"0")
    for name in (OBJECT_FORMAT, REF_STORAGE):
        value = configuration.text(EXTENSIONS, name)
        if value is not None:
            stated.set(EXTENSIONS, name, value)
    return stated
