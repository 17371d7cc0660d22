"""Finds the files that an app may have written itself: untracked ones that are not code."""

from __future__ import annotations

import hashlib
import stat
from collections.abc import Iterable
from typing import NamedTuple

from gitver_hooks.gitfiles.index import Index
from gitver_hooks.version.identify import Identified
from gitver_hooks.worktree.content import Change, Content, Entry

# Programs, and what they are built from.
_CODE = frozenset(
    b"py pyi pyx pxd pyw ipynb so pyd dll dylib wasm c h cc cpp cxx hpp rs go java kt kts scala "
    b"js mjs cjs jsx ts tsx mts vue svelte rb php pl pm lua r jl m mm swift cs fs ex exs erl clj "
    b"hs ml sh bash zsh fish ps1 bat cmd sql graphql proto thrift cu cl tf nix mk cmake".split()
)
# Templates, prompts and configuration, but also what many apps write.
_TEXT = frozenset(
    b"j2 jinja jinja2 tmpl tpl template mustache hbs liquid html htm css scss xml prompt prompty "
    b"txt md markdown rst json json5 yaml yml toml ini cfg conf config properties env lock "
    b"in".split()
)
# Folders for output. In them, the suffixes of _TEXT and names without a suffix are no code.
_OUTPUT_FOLDERS = frozenset(
    b"log logs out output outputs result results run runs report reports artifacts cache caches "
    b".cache tmp temp trace traces".split()
)
# Written by programs, although their names have no suffix.
_OUTPUT_NAMES = frozenset((b".coverage", b".ds_store"))


class WrittenFiles(NamedTuple):
    """The files of a content that an app may have written, and the rest of the content.

    ``files``: the untracked files that are not code, with mode and blob id. ``code``: the paths of
    the other untracked files. ``rest_digest``: two contents with the same one differ in ``files``
    only.
    """

    files: dict[bytes, Entry]
    code: list[bytes]
    rest_digest: str


def written_files(identified: Identified, index: Index) -> WrittenFiles:
    """The files that the app may have written; ``index`` is the worktree's."""
    content = identified.content
    files: dict[bytes, Entry] = {}
    code: list[bytes] = []
    other_changes: list[Change] = []
    for change in content.changes:
        path, new = change.path, change.new
        is_untracked = new is not None and not index.records(path)
        if new is not None and is_untracked and is_written(path, new.mode):
            files[path] = new
            continue
        other_changes.append(change)
        if is_untracked:
            code.append(path)
    return WrittenFiles(files, code, _digest(content, other_changes))


def is_written(path: bytes, mode: int) -> bool:
    """Whether an untracked file may have been written by an app; when in doubt, it is code."""
    folder, _, name = path.lower().rpartition(b"/")
    if not (stat.S_ISLNK(mode) or mode == 0o100644):
        # An executable, or a repository.
        return False
    if name in _OUTPUT_NAMES:
        return True
    stem, _, suffix = name.lstrip(b".").rpartition(b".")
    if suffix in _CODE and stem:
        return False
    if name.startswith((b".env", b".git")):
        return False
    if not stem or suffix in _TEXT:
        return not _OUTPUT_FOLDERS.isdisjoint(folder.split(b"/"))
    return True


def _digest(content: Content, changes: Iterable[Change]) -> str:
    """A digest of HEAD, as far as it counts, of dirty submodules, and of ``changes``."""
    base = content.commit if content.scope.is_everything else content.head_tree
    digest = hashlib.sha256(f"{base}\n".encode())
    for path, inner in content.submodules:
        digest.update(b"submodule %d %b %b\n" % (len(path), path, inner.digest.encode("ascii")))
    for path, _, new in changes:
        new_entry = b"" if new is None else b"%o %b" % new
        digest.update(b"change %d %b %b\n" % (len(path), path, new_entry))
    return digest.hexdigest()
