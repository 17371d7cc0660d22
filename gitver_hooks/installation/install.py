"""Install and uninstall the native hooks, leaving everybody else's exactly as they were.

Our hook takes the place of the one it finds. That one moves, under its own name, to a folder beside
the hooks folder (``hooks.before-gitver``), where links stand for the rest of the hooks folder: what
it takes from its own name, its own folder or a relative link is still true there. Where pre-commit
or prek holds the place, ours goes to ``<hook>.legacy``, which they run first, because that
survives their own install and uninstall in any order.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from gitver_hooks.common.errors import GitverError
from gitver_hooks.common.locks import FolderLock
from gitver_hooks.gitfiles.location import Location
from gitver_hooks.installation import hook_files, kept_hooks
from gitver_hooks.installation.hook_files import NAMES


@dataclass(frozen=True)
class Change:
    """What was done about one hook: ``path`` is where ours is (or was), ``done`` what was done."""

    name: str
    path: Path
    done: str


def hooks_folder(location: Location) -> Path:
    """The absolute path of the folder in which git looks for the hooks of this worktree.

    Git itself is asked: ``core.hooksPath`` may come from any file, include or variable, and is
    relative to where hooks run, the worktree's root (git-config(1)). Raises GitverError where git
    cannot be run or refuses the repository.
    """
    command = ["git", f"--git-dir={location.git_dir}", "rev-parse", "--git-path", "hooks"]
    environment = {k: v for k, v in os.environ.items() if k != "GIT_COMMON_DIR"}
    try:
        done = subprocess.run(
            command,
            cwd=location.worktree,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
        )
    except OSError as error:
        raise GitverError(f"git cannot be run: {error}", "install git, or put it on PATH") from None
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines() or [""]
        raise GitverError(
            f"git does not say where the hooks of {location.worktree} are: {said[0]}",
            f"see `{' '.join(command)}`",
        )
    return Path(location.worktree, os.fsdecode(done.stdout.removesuffix(b"\n")))


def installed(location: Location) -> tuple[str, ...]:
    """The names of our hooks that git would run here now, ready-made ones included.

    Empty where git cannot be asked: then none of them runs.
    """
    try:
        folder = hooks_folder(location)
    except GitverError:
        return ()
    return tuple(
        name
        for name in NAMES
        if hook_files.is_ours(path := _place(folder, name)) and hook_files.is_executable(path)
    )


def install(location: Location, interpreter: str = sys.executable) -> list[Change]:
    """Put the hooks in, for ``interpreter``; what was there before runs first. All or nothing.

    A second run changes nothing. Raises GitverError, and leaves everything as it was, where the
    folder cannot be written, something in it is no file, or ``interpreter`` has no gitver.
    """
    folder = hooks_folder(location)
    if folder.exists() and folder.resolve() == hook_files.folder_of_ready_made().resolve():
        return [Change(name, folder / name, "ready-made") for name in NAMES]
    if folder.resolve() == Path(location.worktree).resolve():
        raise GitverError(
            "core.hooksPath is empty or the worktree's root, where git runs no hooks",
            "`git config --show-origin core.hooksPath` tells where to change it",
        )
    _check_interpreter(interpreter)
    with _all_or_nothing(folder) as undo:
        changes = [_install_one(folder, name, interpreter, undo) for name in NAMES]
        kept_hooks.link_neighbours(folder, undo)
        return changes


def uninstall(location: Location) -> list[Change]:
    """Take out what ``install`` put in, and put back what it found, byte for byte.

    Finds ours also where pre-commit has moved it to ``<hook>.legacy``. Raises GitverError where
    the folder cannot be written.
    """
    folder = hooks_folder(location)
    changes: list[Change] = []
    if not folder.is_dir():
        return changes
    with _all_or_nothing(folder) as undo:
        for name in NAMES:
            for path in (folder / name, folder / f"{name}.legacy"):
                if hook_files.is_installed_by_us(path):
                    changes.append(_take_out(folder, name, path, undo))
            kept = kept_hooks.folder_beside(folder) / name
            if os.path.lexists(kept) and not os.path.lexists(folder / name):
                # Somebody deleted ours; what it ran first is not theirs to lose.
                kept.replace(folder / name)
                undo.callback((folder / name).replace, kept)
                changes.append(Change(name, folder / name, "restored"))
        kept_hooks.tidy(folder)
    return changes


def runs_first(change: Change) -> Path | None:
    """The kept hook that ours runs first, or None where there was none that git would run."""
    kept = kept_hooks.folder_beside(change.path.parent) / change.name
    return kept if hook_files.is_executable(kept) and not hook_files.is_ours(kept) else None


def _place(folder: Path, name: str) -> Path:
    """Where ours belongs, so that it runs and survives what the owner of the hook may do."""
    path = folder / name
    return folder / f"{name}.legacy" if hook_files.runs_legacy(path) else path


def _install_one(folder: Path, name: str, interpreter: str, undo: ExitStack) -> Change:
    place, kept = _place(folder, name), kept_hooks.folder_beside(folder) / name
    for elsewhere in {folder / name, folder / f"{name}.legacy"} - {place}:
        # Nobody runs it there any more; what it had kept goes back first.
        if hook_files.is_installed_by_us(elsewhere):
            _take_out(folder, name, elsewhere, undo)
    there = os.path.lexists(place)
    if there and not hook_files.is_file_or_link(place):
        raise GitverError(f"{place} is not a file", "move it away, then run `gitver install` again")
    ours = hook_files.is_installed_by_us(place)
    first = place if there and not ours else kept
    chained = os.path.lexists(first) and not hook_files.is_ours(first)
    new = hook_files.text(name, interpreter, f"../{kept.parent.name}/{name}" if chained else "")
    if ours and hook_files.is_executable(place) and place.read_bytes() == new:
        return Change(name, place, "unchanged")
    if there and not ours:
        _make_folder(kept.parent, undo)
        place.replace(kept)
        undo.callback(kept.replace, place)
    _write(place, new, undo)
    return Change(name, place, "updated" if ours else "installed")


def _take_out(folder: Path, name: str, path: Path, undo: ExitStack) -> Change:
    kept = kept_hooks.folder_beside(folder) / name
    undo.callback(_write, path, path.read_bytes(), ExitStack())
    if not os.path.lexists(kept):
        path.unlink()
        return Change(name, path, "removed")
    kept.replace(path)
    undo.callback(path.replace, kept)
    return Change(name, path, "restored")


def _make_folder(folder: Path, undo: ExitStack) -> None:
    if not folder.is_dir():
        folder.mkdir(parents=True)
        undo.callback(folder.rmdir)


def _write(path: Path, content: bytes, undo: ExitStack) -> None:
    """Replace ``path`` atomically by an executable file, as far as the umask allows one."""
    before = path.read_bytes() if os.path.lexists(path) else None
    new = path.with_name(f".{path.name}.gitver-{os.getpid()}")
    try:
        with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o777), "wb") as file:
            file.write(content)
        new.replace(path)
    except BaseException:
        new.unlink(missing_ok=True)
        raise
    if before is None:
        undo.callback(path.unlink, missing_ok=True)
    else:
        undo.callback(_write, path, before, ExitStack())


def _check_interpreter(interpreter: str) -> None:
    """That the hooks will find gitver: as they start Python, without PYTHONPATH."""
    start = "import sys; sys.path[:] = filter(None, sys.path); import gitver_hooks"
    try:
        done = subprocess.run([interpreter, "-E", "-c", start], capture_output=True)
    except OSError as error:
        raise GitverError(
            f"the interpreter {interpreter!r} cannot be run: {error.strerror}",
            "run `gitver install` from the environment that has gitver-hooks",
        ) from None
    if done.returncode:
        raise GitverError(
            f"{interpreter} does not find gitver_hooks without PYTHONPATH",
            "install it with `pip install gitver-hooks`, then run `gitver install` again",
        )


@contextmanager
def _all_or_nothing(folder: Path) -> Iterator[ExitStack]:
    """One at a time; where anything fails, everything pushed on the stack is undone."""
    with ExitStack() as undo:
        try:
            _make_folder(folder, undo)
            # On the folder itself: several repositories may share it.
            with FolderLock(folder), ExitStack() as undo_changes:
                yield undo_changes
                undo_changes.pop_all()
        except OSError as error:
            raise GitverError(
                f"the hooks in {folder} cannot be changed: {error}",
                "make the folder writable, or see `git config --show-origin core.hooksPath`",
            ) from error
        undo.pop_all()
