"""Packs kept refs and their objects, which otherwise slow down git.

With 1,000 kept versions, loose refs and objects make a fetch from the same disk take ten times as
long, packed ones twice as long (docs/costs.md). Each pack is one more place where git looks for
every other object, so that many packs slow down `git log` too.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

from gitver_hooks.common.errors import GitverError
from gitver_hooks.common.files import read_small, replace_file
from gitver_hooks.common.locks import FileLock
from gitver_hooks.gitfiles.location import Location
from gitver_hooks.handover.log import log
from gitver_hooks.keeping.kept_refs import PREFIX
from gitver_hooks.repository.git_command import GitCommand, git_in
from gitver_hooks.repository.repository import open_repository

# `git log --decorate` reads each loose ref, and `git fetch` each loose object.
_MOST_LOOSE_REFS = 20
_MOST_PACKS = 4
# Bytes. Packs that are larger are not worth being written again.
_LARGEST_MERGED = 32 << 20


def pack_kept(location: Location, environment: Mapping[str, str]) -> None:
    """Pack the refs and the loose objects of kept versions once there are many.

    Objects are removed only after they are in another pack, as in `git gc`. A failure is a line in
    the log.
    """
    if len(_loose_refs(location)) <= _MOST_LOOSE_REFS:
        return
    try:
        path = os.path.join(location.shared_state_dir, "tidy.lock")
        with FileLock(path) as lock, open_repository(location, environment) as repository:
            if lock.held:
                _pack(git_in(repository), location)
    except (GitverError, OSError) as error:
        log(location, f"kept versions cannot be packed: {error}", error)


def _pack(git: GitCommand, location: Location) -> None:
    git.run("pack-refs", "--all")
    packs = _Packs(git, location)
    tips = git.run("for-each-ref", "--format=%(objectname)", PREFIX)
    packs.write(tips, "--revs", "--unpacked", "--incremental")
    git.run("prune-packed", "--quiet")
    packs.merge()


class _Packs:
    """The packs that ``pack_kept`` has written. A file of the state lists their names.

    All other packs stay as they are.
    """

    def __init__(self, git: GitCommand, location: Location) -> None:
        self._git = git
        self._folder = os.path.join(location.common_dir, "objects", "pack")
        self._state = os.path.join(location.shared_state_dir, "packs")

    def write(self, stdin: bytes, *options: str) -> str:
        """Write one pack, unless there is nothing to pack; its name."""
        path = os.path.join(self._folder, "pack")
        made = self._git.run("pack-objects", "--quiet", "--non-empty", *options, path, stdin=stdin)
        name = f"pack-{made.decode('ascii').strip()}" if made else ""
        self._remember([*self._own(), *([name] if name else [])])
        return name

    def merge(self) -> None:
        """Make one of the packs, once there are too many."""
        # A multi-pack index names the packs that exist (git-multi-pack-index(1)).
        if os.path.exists(os.path.join(self._folder, "multi-pack-index")):
            return
        small = [name for name in self._own() if self._size(name) <= _LARGEST_MERGED]
        if len(small) <= _MOST_PACKS:
            return
        names = "".join(f"{name}.pack\n" for name in small)
        # With unreachable objects: another ref or process may be about to refer to one.
        merged = self.write(names.encode("ascii"), "--stdin-packs")
        for name in small:
            if merged and name != merged:
                self._remove(name)

    def _own(self) -> list[str]:
        """The names of the packs that still exist; `git gc` may have replaced them."""
        names = (read_small(self._state) or b"").decode("ascii", "replace").split()
        return [name for name in dict.fromkeys(names) if self._size(name) >= 0]

    def _remember(self, names: list[str]) -> None:
        replace_file(self._state, "".join(f"{name}\n" for name in names).encode("ascii"))

    def _size(self, name: str) -> int:
        """-1 if there is no such pack, or if somebody wants to keep it as it is."""
        path = os.path.join(self._folder, name)
        if os.path.exists(f"{path}.keep"):
            return -1
        try:
            return os.stat(f"{path}.pack").st_size
        except OSError:
            return -1

    def _remove(self, name: str) -> None:
        """Remove a pack as git does, the index first: git ignores a pack without one."""
        path = os.path.join(self._folder, name)
        for suffix in ("idx", "rev", "pack"):
            try:
                os.unlink(f"{path}.{suffix}")
            except FileNotFoundError:
                continue


def _loose_refs(location: Location) -> list[str]:
    try:
        return os.listdir(os.path.join(location.common_dir, PREFIX))
    except (FileNotFoundError, NotADirectoryError):
        return []
