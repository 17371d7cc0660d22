"""Stores the files of a dirty version until they have been searched for secrets.

There is one file for each version in the state, beside the outbox. It is written as soon as the
version is identified, because the files may change right after, and removed once the version is
kept.

It consists of JSON lines: one for each worktree (those of dirty submodules first), followed by one
for each of its files. The content of a file comes right after its line.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Any, NamedTuple

from gitver_hooks.common.files import replace_file_in_pieces
from gitver_hooks.gitfiles.location import Location
from gitver_hooks.keeping.kept_version import Submodule, ref_suffix


class CapturedFile(NamedTuple):
    """A changed file or symbolic link: its path, its mode, and the id of its blob.

    ``reason`` says why it is cut (see ``kept_version.Cut``); if it is empty, ``size`` bytes at
    ``offset`` are the blob.
    """

    path: bytes
    mode: int
    id: str
    size: int
    reason: str = ""
    offset: int = 0


class CapturedWorktree(NamedTuple):
    """The changes of one worktree that are to be kept.

    ``worktree`` is its folder, ``commit`` the HEAD commit and ``head_tree`` what the version was
    compared with, both None before the first commit. ``tree`` is the tree of the version.
    ``share``: the version is to be pushed as well. ``removed`` are the paths of HEAD that no longer
    exist, ``links`` the submodules that have moved, with their commits.
    """

    worktree: str
    version: str
    commit: str | None
    tree: str
    head_tree: str | None
    model_name: str
    share: bool
    removed: tuple[bytes, ...] = ()
    links: tuple[tuple[bytes, str], ...] = ()
    submodules: tuple[Submodule, ...] = ()
    files: tuple[CapturedFile, ...] = ()


# The files of a worktree, each with its blob.
Contents = Iterable[tuple[CapturedFile, bytes]]


def captured_paths(location: Location) -> list[Path]:
    """The files that wait to be kept, oldest first."""
    try:
        paths = [path for path in _folder(location).iterdir() if path.name[0] != "."]
    except OSError:
        return []
    return sorted(paths, key=_time)


def is_captured(location: Location, version_id: str) -> bool:
    """Whether the version waits to be kept."""
    return (_folder(location) / ref_suffix(version_id)).exists()


def _time(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        # Another keeper has just finished it.
        return 0


def write_captured(
    location: Location, version_id: str, worktrees: Iterable[tuple[CapturedWorktree, Contents]]
) -> None:
    """Set aside what a version needs; its own worktree comes last. Raises OSError."""
    replace_file_in_pieces(
        str(_folder(location) / ref_suffix(version_id)),
        (piece for worktree, contents in worktrees for piece in _encode(worktree, contents)),
    )


def read_captured(file: IO[bytes]) -> list[CapturedWorktree]:
    """The worktrees in a file of ``write_captured``.

    Raises ValueError if another version of gitver has written it.
    """
    worktrees: list[tuple[CapturedWorktree, list[CapturedFile]]] = []
    try:
        while line := file.readline():
            values = json.loads(line)
            if "worktree" in values:
                worktrees.append((_worktree(values), []))
                continue
            captured = _file(values, file.tell())
            worktrees[-1][1].append(captured)
            if not captured.reason:
                file.seek(captured.size, os.SEEK_CUR)
    except (KeyError, TypeError, IndexError) as error:
        raise ValueError(f"{error} is not expected") from error
    return [worktree._replace(files=tuple(files)) for worktree, files in worktrees]


def read_blob(file: IO[bytes], captured: CapturedFile) -> bytes:
    """The blob of a file that is not cut."""
    file.seek(captured.offset)
    return file.read(captured.size)


def _folder(location: Location) -> Path:
    return Path(location.shared_state_dir, "captured")


def _encode(worktree: CapturedWorktree, contents: Contents) -> Iterator[bytes]:
    yield _line(
        **{
            **worktree._asdict(),
            "removed": [os.fsdecode(path) for path in worktree.removed],
            "links": [[os.fsdecode(path), commit] for path, commit in worktree.links],
            "submodules": [
                [module.version, os.fsdecode(module.path)] for module in worktree.submodules
            ],
        }
    )
    for file, blob in contents:
        yield _line(**{**file._asdict(), "path": os.fsdecode(file.path)})
        yield blob


def _line(**values: object) -> bytes:
    return json.dumps(values).encode("ascii") + b"\n"


def _worktree(values: dict[str, Any]) -> CapturedWorktree:
    return CapturedWorktree(
        **{
            **values,
            "removed": tuple(map(os.fsencode, values["removed"])),
            "links": tuple((os.fsencode(path), commit) for path, commit in values["links"]),
            "submodules": tuple(
                Submodule(version, os.fsencode(path)) for version, path in values["submodules"]
            ),
            "files": (),
        }
    )


def _file(values: dict[str, Any], offset: int) -> CapturedFile:
    return CapturedFile(**{**values, "path": os.fsencode(values["path"]), "offset": offset})
