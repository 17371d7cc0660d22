"""Notices when an app is another version on each run because of files that it writes.

Each run stays a version of its own. The guard only says, once, which line of .gitignore would
change that.
"""

from __future__ import annotations

import os

from gitver_hooks.common.errors import GitverError
from gitver_hooks.common.files import read_small
from gitver_hooks.floods.ignore_lines import Evidence, IgnoreLine, is_matched, line_for
from gitver_hooks.floods.memory import (
    MOST_CHANGED,
    MOST_LINES,
    Memory,
    digests,
    load_memory,
    path_digest,
    save_memory,
)
from gitver_hooks.floods.written_files import WrittenFiles, written_files
from gitver_hooks.gitfiles.ignore import WorktreeIgnoreRules, base_rules
from gitver_hooks.gitfiles.index import Index
from gitver_hooks.repository.repository import Repository
from gitver_hooks.version.identify import Identified
from gitver_hooks.worktree.content import Content
from gitver_hooks.worktree.observed_index import read_whole_index


def watch_runs(repository: Repository, identified: Identified, *, is_new_run: bool) -> str:
    """Compare an app with its previous recording; returns a line to print, or empty.

    ``is_new_run``: the app starts, and its version has no model yet. The caller holds the lock of
    the app, so of several runs at the same time one gets the line.
    """
    index = read_whole_index(repository)
    written = written_files(identified, index)
    earlier = load_memory(repository.location)
    current = Memory(written.rest_digest, digests(written.files))
    hint = ""
    if earlier is not None:
        is_same = earlier.rest_digest == current.rest_digest
        current = current._replace(
            changed=earlier.changed,
            in_a_row=earlier.in_a_row and is_same,
            reported=earlier.reported,
        )
        if is_new_run and is_same and earlier.files != current.files:
            current, hint = _compared(
                earlier, current, written, repository, identified.content, index
            )
    save_memory(repository.location, current)
    return hint


def flood_problem(repository: Repository, identified: Identified) -> GitverError | None:
    """The problem of reported files that still count; None if there are none."""
    memory = load_memory(repository.location)
    if memory is None or not memory.reported:
        return None
    files = written_files(identified, read_whole_index(repository)).files
    lines = []
    for line in memory.reported:
        path = line.path if line.path in files else next(filter(line.matches, files), None)
        if path is not None:
            lines.append(line._replace(path=path))
    return _problem(repository.location.worktree, lines) if lines else None


def _compared(
    earlier: Memory,
    current: Memory,
    written: WrittenFiles,
    repository: Repository,
    content: Content,
    index: Index,
) -> tuple[Memory, str]:
    """``current`` with the files that made this run another version, and the line to print."""
    if earlier.files is None or current.files is None:
        return current, ""
    changed = _changed(earlier.files, current.files, written, earlier.reported)
    if not changed:
        return current._replace(in_a_row=False), ""
    evidence = Evidence(
        generated=frozenset((*earlier.changed, *changed)),
        written=frozenset(written.files),
        kept=sorted({*index.entries, *index.unmerged, *written.code}),
    )
    lines = _lines(changed, earlier, evidence) if earlier.changed else []
    reported = earlier.reported
    if len(reported) + len(lines) > MOST_LINES:
        reported = tuple(line for line in reported if any(map(line.matches, written.files)))
    # Further lines are reported once the user has followed these.
    lines = [_checked(line, repository, content) for line in lines[: MOST_LINES - len(reported)]]
    # The earlier files come last, because the number of those that are kept is limited.
    changed_lately = dict.fromkeys((*changed, *earlier.changed))
    current = current._replace(
        changed=tuple(path for path in changed_lately if not is_matched(path, lines)),
        in_a_row=True,
        reported=(*reported, *lines),
    )
    return current, str(_problem(repository.location.worktree, lines)) if lines else ""


def _lines(changed: list[bytes], earlier: Memory, evidence: Evidence) -> list[IgnoreLine]:
    """The lines for the files that make runs differ.

    If other files have changed since the first of these runs, two unrelated generated files are not
    enough for a line.
    """
    lines: list[IgnoreLine] = []
    for path in changed[:MOST_CHANGED]:
        if is_matched(path, lines):
            continue
        was_there = path_digest(path) in (earlier.files or {})
        same_name = path in earlier.changed or (earlier.in_a_row and was_there)
        line, has_evidence = line_for(path, evidence, same_name=same_name)
        if has_evidence or earlier.in_a_row:
            lines.append(line)
    return lines


def _changed(
    earlier_files: dict[bytes, bytes],
    current_files: dict[bytes, bytes],
    written: WrittenFiles,
    reported: tuple[IgnoreLine, ...],
) -> list[bytes]:
    """The files that are new or have changed and that no reported line matches."""
    differing = [
        path
        for path in written.files
        if earlier_files.get(path_digest(path)) != current_files[path_digest(path)]
    ]
    return [path for path in differing if not is_matched(path, reported)]


def _checked(line: IgnoreLine, repository: Repository, content: Content) -> IgnoreLine:
    """The line, marked as not safe if a .gitignore in a subfolder would overrule it."""
    root = os.fsencode(repository.location.worktree)

    def read_rules(directory: bytes) -> bytes | None:
        text = read_small(os.path.join(root, directory, b".gitignore"), follow=False)
        return text if directory else b"%b\n%b\n" % (text or b"", line.line)

    exclude, excludes, ignore_case = content.observation.ignore_rules
    base, _ = base_rules(os.fsdecode(exclude), os.fsdecode(excludes), ignore_case)
    folder, _, name = line.path.rpartition(b"/")
    if WorktreeIgnoreRules(base, read_rules).ignores(folder, line.path, name, False):
        return line
    return line._replace(is_safe=False)


def _problem(worktree: str, lines: list[IgnoreLine]) -> GitverError:
    pronoun = "it" if len(lines) == 1 else "them"
    verb = "makes" if len(lines) == 1 else "make"
    names = _listed([os.fsdecode(line.path) for line in lines])
    safe = [f"`{os.fsdecode(line.line)}`" for line in lines if line.is_safe]
    remedies = []
    if safe:
        one_each = "" if len(safe) == 1 else ", one line each"
        file = os.path.join(worktree, ".gitignore")
        remedies.append(f"add {_listed(safe)} to {file}{one_each}")
    if len(safe) < len(lines):
        unsafe = _listed([os.fsdecode(line.path) for line in lines if not line.is_safe])
        remedies.append(f"let it write files like {unsafe} to a folder that git ignores")
    return GitverError(
        f"{names} {verb} each run a new version, because git does not ignore {pronoun}",
        f"if the app writes {pronoun}, {', and '.join(remedies)}",
    )


def _listed(words: list[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    return " and ".join(filter(None, [", ".join(words[:-1]), words[-1]]))
