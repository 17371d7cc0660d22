"""The content of a worktree as the tree that git would make of it, and what differs from HEAD."""

from __future__ import annotations

import hashlib
import os
import stat
import time
from dataclasses import dataclass, field
from functools import partial

from gitver_hooks.common.errors import GitverError
from gitver_hooks.common.files import read_small, write_private
from gitver_hooks.gitfiles import index as index_file
from gitver_hooks.gitfiles import location as locations
from gitver_hooks.gitfiles.ignore import base_rules
from gitver_hooks.gitfiles.index import GITLINK_MODE, Index, IndexFormatError, read_index
from gitver_hooks.gitfiles.location import Location
from gitver_hooks.handover.observation import Observation, read_clock
from gitver_hooks.repository.configuration import xdg_file
from gitver_hooks.repository.repository import Repository, open_repository
from gitver_hooks.worktree.blob import Blobs, read_new_blob, read_old_blob
from gitver_hooks.worktree.conversion import Conversion
from gitver_hooks.worktree.filters import Filters
from gitver_hooks.worktree.head import pin_head
from gitver_hooks.worktree.ignore_levels import Levels
from gitver_hooks.worktree.objects import read_blob, read_tree
from gitver_hooks.worktree.tree import Change, Entry, Tree, differences
from gitver_hooks.worktree.walk import ACTIVE_MODEL, Rules, Walk

__all__ = ["Change", "Content", "Entry", "read_content", "read_new_blob", "read_old_blob"]

_ATTEMPTS = 3
# In the state: the fingerprint of the rules by which the unchanged files were last compared.
_CONVERSION = "conversion"
# A filesystem whose clock ticks slower than this (FAT: 2 s) gets no snapshot just after an edit.
_LONGEST_TICK_NS = 50_000_000


@dataclass(frozen=True)
class Content:
    """The content of a worktree, as it counts for its version.

    ``tree`` is the id of the tree that git would write, ``head_tree`` that of HEAD (None before the
    first commit) and ``commit`` HEAD itself. ``digest`` is a SHA-256 over the tree and the digests
    of dirty submodules: it depends on content alone. ``submodules`` are the dirty ones, by path;
    ``changes`` are sorted by path.
    """

    tree: str
    head_tree: str | None
    commit: str | None
    dirty: bool
    digest: str
    changes: tuple[Change, ...]
    submodules: tuple[tuple[bytes, Content], ...]
    observation: Observation = field(repr=False, compare=False)


def read_content(repository: Repository, *, untracked: bool = True) -> Content:
    """The content of the repository's worktree as it is now.

    ``untracked=False``: files that git does not track do not count. Raises GitverError, which names
    the path, where a tracked file cannot be read or the repository is broken.
    """
    location = repository.location
    for _ in range(_ATTEMPTS):
        observation = Observation(location.state_dir)
        reader = _Reader(repository, observation, untracked, b"")
        content = reader.read()
        if observation.sound and not reader.moved:
            break
        if not reader.moved and not _settle(location, observation.youngest_ns):
            break
    if reader.moved:
        observation.sound = False
    return content


def _settle(location: Location, youngest_ns: int) -> bool:
    """Wait until the clock is past the youngest change; False where that is not within a tick."""
    deadline = time.monotonic_ns() + _LONGEST_TICK_NS
    while True:
        _, now = read_clock(location.state_dir)
        if now > youngest_ns:
            return True
        if youngest_ns - now > _LONGEST_TICK_NS or time.monotonic_ns() > deadline:
            return False
        time.sleep(0.001)


class _Reader:
    """Reads one worktree, and those nested in it, into one observation."""

    def __init__(
        self, repository: Repository, observation: Observation, untracked: bool, prefix: bytes
    ) -> None:
        self._repository = repository
        self._observation = observation
        self._untracked = untracked
        self._prefix = prefix
        self._root = os.fsencode(repository.location.worktree)
        self.moved = False

    def read(self) -> Content:
        repository = self._repository
        pin_head(self._observation, repository.location)
        commit, head_tree = repository.head_commit(), repository.head_tree()
        index = _read_index(repository, self._observation)
        walk = self._walk(index)
        found = walk.run()
        dirty: list[tuple[bytes, Content]] = []
        # What is nested is looked at last: a repository without a commit adds to the walk.
        while found.nested:
            self._nested(found.nested.pop(), index, walk, dirty)
        self._verify(walk)
        self.moved = self.moved or found.moved
        self._take_active_model(index, found.changes, head_tree)
        tree = Tree(index, found.changes, repository.algorithm)
        raw_head = bytes.fromhex(head_tree) if head_tree is not None else None
        changes: list[Change] = []
        if tree.id != raw_head:
            changes = sorted(
                differences(tree, raw_head, partial(read_tree, repository)), key=lambda c: c.path
            )
        dirty.sort(key=lambda item: item[0])
        return Content(
            tree=tree.id.hex(),
            head_tree=head_tree,
            commit=commit,
            dirty=bool(dirty) or tree.id != raw_head,
            digest=_digest(tree.id.hex(), dirty),
            changes=tuple(changes),
            submodules=tuple(dirty),
            observation=self._observation,
        )

    def _walk(self, index: Index) -> Walk:
        repository = self._repository
        configuration = repository.configuration
        observation = self._observation
        exclude = os.path.join(repository.location.common_dir, "info", "exclude")
        excludes = configuration.path((b"core",), b"excludesFile")
        excludes = xdg_file("ignore", repository.environment) if excludes is None else excludes
        ignore_case = configuration.flag((b"core",), b"ignoreCase", False)
        ignore, texts = base_rules(exclude, excludes, ignore_case)
        _remember(observation, texts)
        _remember(observation, configuration.files)
        if not self._prefix:
            observation.ignore_rules = (os.fsencode(exclude), os.fsencode(excludes), ignore_case)
        levels = Levels(
            self._root,
            index,
            ignore,
            observation,
            lambda raw_id: read_blob(repository, raw_id.hex().encode("ascii")),
        )
        conversion = Conversion(
            configuration,
            repository.location.common_dir,
            Filters(configuration, repository.location.worktree),
            repository.environment,
            lambda directory: levels.read_rule_file(directory, b".gitattributes"),
            lambda path: _read_stored(repository, index, path),
        )
        _remember(observation, conversion.files)
        repository.conversion = conversion
        rules = Rules(
            blobs=Blobs(conversion, repository.algorithm),
            untracked=self._untracked,
            file_mode=configuration.flag((b"core",), b"fileMode", True),
            symlinks=configuration.flag((b"core",), b"symlinks", True),
            read_tree=partial(read_tree, repository),
            is_repository=lambda path: _nested_location(self._root + b"/" + path) is not None,
        )
        return Walk(self._root, index, rules, levels, observation, self._prefix)

    def _nested(
        self, path: bytes, index: Index, walk: Walk, dirty: list[tuple[bytes, Content]]
    ) -> None:
        full = self._root + b"/" + path
        location = _nested_location(full)
        self._observation.contents[full + b"/.git"] = read_small(full + b"/.git")
        if location is None:
            # An empty folder may become a repository, with a .git that is a folder.
            self._observation.contents[full + b"/.git/HEAD"] = read_small(full + b"/.git/HEAD")
            return
        record = index.entries.get(path)
        with open_repository(location, self._repository.environment) as nested:
            commit = nested.head_commit()
            if commit is None:
                if record is None:
                    walk.enter_as_folder(path)
                return
            raw = bytes.fromhex(commit)
            if record is None or index.id(record) != raw:
                walk.found.changes[path] = (GITLINK_MODE, raw)
            reader = _Reader(nested, self._observation, self._untracked, self._prefix + path + b"/")
            content = reader.read()
            self.moved = self.moved or reader.moved
        if content.dirty:
            dirty.append((path, content))

    def _verify(self, walk: Walk) -> None:
        """Look at all contents where the rules of conversion are not those of the last time.

        Stat data tells that a file is what git stored, not under which rules; `git status` would
        go on to show such a file as unchanged until it is touched.
        """
        conversion = self._repository.conversion
        assert conversion is not None, "it is made with the walk"
        fingerprint = conversion.fingerprint(walk.found.attributes)
        path = os.path.join(self._repository.location.state_dir, _CONVERSION)
        known = read_small(path)
        if known == fingerprint:
            return
        if known is not None:
            before = len(walk.found.changes)
            walk.verify(walk.found.trusted)
            if len(walk.found.changes) != before:
                return
        write_private(path, fingerprint)

    def _take_active_model(
        self,
        index: Index,
        changes: dict[bytes, tuple[int, bytes] | None],
        head_tree: str | None,
    ) -> None:
        """The active-model file never counts, even where somebody tracks it: it is as in HEAD."""
        if self._prefix:
            return
        staged = index.entries.get(ACTIVE_MODEL)
        root = index.trees.get(b"")
        if staged is None and root is not None and root.hex() == head_tree:
            return
        held = None
        if head_tree is not None:
            held = read_tree(self._repository, bytes.fromhex(head_tree)).get(ACTIVE_MODEL)
        if held is not None or staged is not None:
            changes[ACTIVE_MODEL] = held


def _read_stored(repository: Repository, index: Index, path: bytes) -> bytes | None:
    record = index.entries.get(path) or index.unmerged.get(path, {}).get(2)
    if record is None or stat.S_IFMT(index_file.mode(record)) != stat.S_IFREG:
        return None
    return read_blob(repository, index.id(record).hex().encode("ascii"))


def _read_index(repository: Repository, observation: Observation) -> Index:
    location = repository.location
    path = os.path.join(location.git_dir, "index")
    try:
        index = read_index(location.git_dir, repository.repo.object_format.oid_length)
    except (IndexFormatError, OSError) as error:
        raise GitverError(
            f"{path} cannot be read: {error}", "see what `git status` says"
        ) from error
    if index.signature is None:
        observation.contents[os.fsencode(path)] = None
    else:
        observation.pin(path, index.signature)
        digest = hashlib.sha256(index.content_key()).digest()
        observation.indexes[os.fsencode(path)] = (digest, index.id_length)
    return index


def _remember(observation: Observation, texts: dict[str, bytes | None]) -> None:
    for path, text in texts.items():
        observation.contents[os.fsencode(path)] = text


def _nested_location(full: bytes) -> Location | None:
    """The repository whose worktree is the folder ``full``, if it is one."""
    name = os.fsdecode(full)
    found = locations.find(name) if os.path.lexists(os.path.join(name, ".git")) else None
    return found if found is not None and found.worktree == name else None


def _digest(tree: str, dirty: list[tuple[bytes, Content]]) -> str:
    digest = hashlib.sha256(f"tree {tree}\n".encode("ascii"))
    for path, content in dirty:
        digest.update(b"submodule %d %b %b\n" % (len(path), path, content.digest.encode("ascii")))
    return digest.hexdigest()
