"""Writes the diff of a dirty version: shows some changes, and only names the others."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from gitver_hooks.version.patch import quote_path, write_patch
from gitver_hooks.version.secret_names import has_secret_name
from gitver_hooks.worktree.content import Change, Content, read_new_blob, read_old_blob

# SQL stores accept tags of 100,000 characters (measured); the rest is a margin.
LARGEST_DIFF = 90_000
_LARGEST_FILE = 1_000_000
# Reserved for the note that says how many files are missing.
_LAST_NOTE = 1_000


class FilePatch(NamedTuple):
    """The patch of one file. ``path`` is quoted as in the patch."""

    path: str
    patch: str


class Diff(NamedTuple):
    """The changes from HEAD to the worktree, not yet searched for secrets.

    It may be kept in a private file of the git dir, but only ``withhold_secrets`` turns it into
    text that may leave the machine. ``notes`` are lines that start with ``#``, which ``git apply``
    skips: they name the changes that ``patches`` leaves out, and say why.
    """

    patches: tuple[FilePatch, ...] = ()
    notes: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.patches or self.notes)

    def to_json(self) -> str:
        """The text form, which ``from_json`` reads back."""
        patches = [[patch.path, patch.patch] for patch in self.patches]
        return json.dumps({"patches": patches, "notes": self.notes})

    @classmethod
    def from_json(cls, text: str) -> Diff:
        """The diff that ``to_json`` wrote. Raises ValueError if ``text`` is anything else."""
        try:
            values = json.loads(text)
            patches = tuple(FilePatch(str(path), str(patch)) for path, patch in values["patches"])
            return cls(patches, tuple(str(note) for note in values["notes"]))
        except (TypeError, KeyError) as error:
            raise ValueError("not a diff") from error


def not_shown(path: str, reason: str) -> str:
    """The note that names a change without showing it."""
    return f"# not shown ({reason}): {path}\n"


def write_diff(
    content: Content,
    *,
    secrets: Iterable[str] = (),
    largest: int = LARGEST_DIFF,
) -> Diff:
    """The changes from HEAD to the worktree, at most ``largest`` characters.

    They include tracked and untracked text files. Files whose name is common for secrets or
    matches one of the patterns ``secrets``, binary files, files of more than 1 MB, and files that
    exceed ``largest`` are only named; binary files with their blob id.
    """
    patches: list[FilePatch] = []
    notes: list[str] = []
    available = largest - _LAST_NOTE
    unnamed = 0
    for shown in _changes(content, tuple(secrets)):
        if isinstance(shown, str):
            note = shown
        elif len(shown.patch) <= available:
            patches.append(shown)
            available -= len(shown.patch)
            continue
        else:
            note = not_shown(shown.path, "cut: the diff is too large")
        if len(note) <= available:
            notes.append(note)
            available -= len(note)
        else:
            unnamed += 1
    if unnamed:
        notes.append(f"# cut: {unnamed} more changed files\n")
    return Diff(tuple(patches), tuple(notes))


def _changes(content: Content, secrets: tuple[str, ...]) -> Iterator[FilePatch | str]:
    """A patch or a note for each change."""
    for change in content.changes:
        if has_secret_name(change.path.decode("utf-8", "replace"), secrets):
            yield not_shown(quote_path(change.path), "its name suggests a secret")
        else:
            yield _file_patch(content, change)
    for path, _ in content.submodules:
        yield not_shown(quote_path(path), "submodule with changes of its own")


def _file_patch(content: Content, change: Change) -> FilePatch | str:
    path = quote_path(change.path)
    old = _text(read_old_blob(content, change))
    new = _text(read_new_blob(content, change))
    if old is None or new is None:
        blob = change.new.id.decode("ascii") if change.new else "deleted"
        return not_shown(path, f"binary or very large, blob {blob}")
    return FilePatch(path, write_patch(change, old, new))


def _text(blob: bytes) -> str | None:
    if len(blob) > _LARGEST_FILE or b"\0" in blob:
        return None
    try:
        return blob.decode("utf-8")
    except UnicodeDecodeError:
        return None
