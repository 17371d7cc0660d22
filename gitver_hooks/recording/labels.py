"""Writes the label and the description of a version that MLflow's pages show.

The list of versions shows the tag ``mlflow.source.name`` in the column *Logged from*, and the page
of a version shows ``mlflow.note.content`` as Markdown. Both quote the commit and names of files,
which anybody may have written: in the label they are one line of visible characters, in the
description they are escaped or stand in a code block.
"""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from itertools import islice
from typing import NamedTuple

from gitver_hooks.common.printing import printable, shortened
from gitver_hooks.gitfiles.object_contents import CommitContent
from gitver_hooks.repository.changed_files import changed_files, read_commit
from gitver_hooks.repository.repository import Repository
from gitver_hooks.version.identify import Identified
from gitver_hooks.worktree.content import Content

# Characters. The column of MLflow's list is narrower, and shows the whole label in a tooltip.
LONGEST_LABEL = 120
_LONGEST_SUBJECT = 200
_LONGEST_BODY = 2_000
_LONGEST_PATH = 200
_SHOWN_FILES = 30
_COUNTED_FILES = 1_000
# What can begin Markdown or HTML in the middle of a line, or at its start. Numeric character
# references are literal in CommonMark (section 2.5) and in showdown, which MLflow's pages use;
# showdown does not know all backslash escapes.
_MARKUP = re.compile(r"[\\`*_{}\[\]<>#~|&]|^[-+]|:(?=//)")


class Labels(NamedTuple):
    """The label of a version, and its description in Markdown."""

    label: str
    description: str


def labels(repository: Repository, identified: Identified) -> Labels:
    """The texts that MLflow's pages show of an identified version."""
    version = identified.version
    commit = read_commit(repository, bytes.fromhex(version.commit)) if version.commit else None
    short = (version.commit or "unborn")[:8]
    subject, body = _message(commit) if commit else ("", "")
    if version.dirty:
        changed = _uncommitted_changes(identified.content)
        names = ", ".join(line[2:] for line in changed[:_SHOWN_FILES])
        label = f"{short}+{version.digest[:8]} {names}"
        title, body = f"Uncommitted changes after {short} {subject}", ""
    else:
        scope = identified.content.scope
        files = islice(changed_files(repository, commit), _COUNTED_FILES) if commit else ()
        changed = [f"{file.letter} {_path(file.path)}" for file in files if scope.counts(file.path)]
        label = f"{short} {subject}"
        title = subject
    description = _description(title, body, commit, changed)
    return Labels(shortened(label.strip(), LONGEST_LABEL), description)


def _description(
    title: str, body: str, commit: CommitContent | None, changed: Sequence[str]
) -> str:
    """The description in Markdown; parts that are empty are left out."""
    title = title.strip()
    parts = [
        f"**{_escaped(shortened(title, _LONGEST_SUBJECT))}**" if title else "",
        _code_block(shortened(body, _LONGEST_BODY)) if body else "",
        _author(commit) if commit else "",
        _list_of_files(changed) if changed else "",
    ]
    return "\n\n".join(filter(None, parts))


def _uncommitted_changes(content: Content) -> list[str]:
    """The changed files and submodules of a dirty version, as ``M app.py``."""
    files = [
        f"{_letter(change.old, change.new)} {_path(change.path)}" for change in content.changes
    ]
    return [*files, *(f"M {_path(path)}" for path, _ in content.submodules)]


def _message(commit: CommitContent) -> tuple[str, str]:
    """Subject and body, as git separates them: the subject is the first paragraph."""
    paragraph, _, body = _decoded(commit, commit.message).strip().partition("\n\n")
    lines = (printable(line.expandtabs()) for line in body.strip("\n").splitlines())
    return printable(" ".join(paragraph.split())), "\n".join(lines)


def _decoded(commit: CommitContent, text: bytes) -> str:
    encoding = (commit.encoding or b"utf-8").decode("ascii", "replace")
    try:
        return text.decode(encoding, "replace")
    except LookupError:
        return text.decode("utf-8", "replace")


def _author(commit: CommitContent) -> str:
    # The address stays here: a name is enough to recognise a version by.
    name = _decoded(commit, commit.author).partition("<")[0].strip()
    return f"{_escaped(shortened(printable(name), _LONGEST_PATH))}, {_author_date(commit)}"


def _author_date(commit: CommitContent) -> str:
    """The author's date in the author's time zone (git's Documentation/date-formats.txt)."""
    try:
        seconds, zone = commit.author.rpartition(b">")[2].split()
        minutes = 60 * int(zone[1:3]) + int(zone[3:5])
        offset = -60 * minutes if zone.startswith(b"-") else 60 * minutes
        local = time.gmtime(int(seconds) + offset)
        return f"{time.strftime('%Y-%m-%d %H:%M', local)} {zone.decode('ascii')}"
    except (ValueError, OverflowError, OSError):
        return "an unknown date"


def _letter(old: object, new: object) -> str:
    """Git's letter for the kind of change."""
    if old is None:
        return "A"
    return "D" if new is None else "M"


def _path(path: bytes) -> str:
    return shortened(printable(path.decode("utf-8", "replace")), _LONGEST_PATH)


def _list_of_files(changed: Sequence[str]) -> str:
    shown = list(changed[:_SHOWN_FILES])
    if len(changed) > len(shown):
        hidden = len(changed) - len(shown)
        shown.append(f"and {hidden}{' or more' if len(changed) >= _COUNTED_FILES else ''} others")
    return f"Changed files:\n\n{_code_block(chr(10).join(shown))}"


def _escaped(text: str) -> str:
    return _MARKUP.sub(lambda match: f"&#{ord(match.group())};", text)


def _code_block(text: str) -> str:
    """``text`` in a fence longer than any row of backticks in it, so that nothing can end it."""
    longest = max((len(row) for row in re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}text\n{text}\n{fence}"
