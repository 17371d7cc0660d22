"""Exports a tree without a worktree: as a patch, as the bytes of one file, or as a tar."""

from __future__ import annotations

import os
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

from gitver_hooks.common.errors import GitverError
from gitver_hooks.repository.git_command import GitCommand, git_in
from gitver_hooks.repository.repository import Repository

# Everything, also where the user's own worktree is sparse.
_WHOLE = ("-c", "core.sparseCheckout=false")
_MODES = {".tar": "x", ".tar.gz": "x:gz", ".tgz": "x:gz", ".tar.xz": "x:xz", ".tar.bz2": "x:bz2"}


def patch(repository: Repository, commit: str | None, tree: str) -> bytes:
    """The patch from the commit (None: from nothing) to ``tree``, as `git apply` takes it."""
    git = git_in(repository)
    start = commit or git.run("hash-object", "-t", "tree", "--stdin").decode("ascii").strip()
    # diff-tree is plumbing: the user's settings for `git diff` do not change what it prints.
    options = ("-p", "--binary", "--full-index", "--no-renames", "--no-ext-diff", "--no-textconv")
    return git.run("diff-tree", "-r", *options, start, tree)


def file_content(repository: Repository, tree: str, path: str) -> bytes | None:
    """The bytes that a checkout writes for ``path``; the target of a link; None if not in the tree.

    Raises GitverError for a directory or a submodule.
    """
    with _scratch(repository) as git:
        git.run("read-tree", tree)
        listed = git.run("ls-tree", "-z", "--full-tree", tree, "--", f"{path}")
        if not listed:
            return None
        kind = listed.split(b" ", 2)[1]
        if kind != b"blob":
            kind_name = "directory" if kind == b"tree" else "submodule"
            raise GitverError(f"{path} is a {kind_name}", "name a file, or use --archive")
        git.run(*_WHOLE, "checkout-index", "--quiet", "--force", "--", path)
        written = os.path.join(git.worktree, path)
        if os.path.islink(written):
            return os.fsencode(os.readlink(written))
        with open(written, "rb") as file:
            return file.read()


def write_archive(repository: Repository, tree: str, path: str, time: int) -> None:
    """Write the files of ``tree``, as a checkout writes them, to the new tar ``path``.

    Unlike `git archive`, it leaves nothing out (export-ignore). ``time`` (s, Unix) is the time of
    all files. The suffix chooses the compression: ``.tar.gz``, ``.tgz``, ``.tar.xz``, ``.tar.bz2``.
    Raises GitverError if ``path`` exists or cannot be written.
    """
    suffix = next(
        (ending for ending in sorted(_MODES, key=len, reverse=True) if path.endswith(ending)),
        ".tar",
    )
    if os.path.lexists(path):
        raise GitverError(f"{path} exists", "name another file")
    with _scratch(repository) as git:
        git.run(*_WHOLE, "read-tree", "-u", "--reset", "--no-recurse-submodules", tree)
        try:
            with tarfile.open(path, _MODES[suffix]) as archive:  # type: ignore[call-overload]
                _add_all(archive, git.worktree, time)
        except OSError as error:
            raise GitverError(f"{path}: {error.strerror}", "name another file") from error


def _add_all(archive: tarfile.TarFile, folder: str, time: int) -> None:
    """Add all files below ``folder``. If that fails, nothing is left of the archive."""
    try:
        for name in _names(folder):
            _add(archive, folder, name, time)
    except BaseException:
        os.unlink(str(archive.name))
        raise


@contextmanager
def _scratch(repository: Repository) -> Iterator[GitCommand]:
    """git with an index and an empty worktree of its own, for the length of a ``with`` block."""
    with tempfile.TemporaryDirectory(prefix="gitver-") as folder:
        files = os.path.join(folder, "files")
        os.mkdir(files)
        index = os.path.join(folder, "index")
        git_dir = repository.location.git_dir
        yield GitCommand(git_dir, files, repository.environment, index)


def _names(folder: str) -> Iterator[str]:
    """The files and directories below ``folder``, relative to it, parents first."""
    for parent, folders, files in os.walk(folder):
        folders.sort()
        for name in sorted([*folders, *files]):
            yield os.path.relpath(os.path.join(parent, name), folder)


def _add(archive: tarfile.TarFile, folder: str, name: str, time: int) -> None:
    path = os.path.join(folder, name)
    member = archive.gettarinfo(path, name)
    member.uid = member.gid = 0
    member.uname = member.gname = "root"
    member.mtime = time
    member.mode = 0o755 if member.mode & 0o100 else 0o644
    if not member.isreg():
        archive.addfile(member)
        return
    with open(path, "rb") as file:
        archive.addfile(member, file)
