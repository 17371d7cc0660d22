"""What people read about a version on MLflow's pages: its label and its description.

The list of versions shows the tag ``mlflow.source.name`` in the column *Logged from*, and the page
of a version shows ``mlflow.note.content`` as Markdown. Both quote the commit and names of files,
which anybody may have written: in the label they are one line of visible characters, in the
description they are escaped or stand in a code block.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from itertools import islice
from typing import TYPE_CHECKING

from gitver_hooks.common.printing import printable
from gitver_hooks.repository.repository import Repository
from gitver_hooks.version.identify import Identified
from gitver_hooks.worktree.content import Content

if TYPE_CHECKING:
    from dulwich.objects import Commit

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


@dataclass(frozen=True)
class Labels:
    """The label of a version, and its description in Markdown."""

    label: str
    description: str


def labels(repository: Repository, identified: Identified) -> Labels:
    """What MLflow's pages show of an identified version."""
    version = identified.version
    commit = _read_commit(repository, version.commit)
    short = (version.commit or "unborn")[:8]
    subject, body = _message(commit) if commit else ("", "")
    if version.dirty:
        changed = _uncommitted_changes(identified.content)
        names = ", ".join(line[2:] for line in changed[:_SHOWN_FILES])
        label = f"{short}+{version.digest[:8]} {names}"
        title, body = f"Uncommitted changes after {short} {subject}", ""
    else:
        changed = list(islice(_changed_by(repository, commit), _COUNTED_FILES)) if commit else []
        label = f"{short} {subject}"
        title = subject
    description = _description(title, body, commit, changed)
    return Labels(_cut(label.strip(), LONGEST_LABEL), description)


def _description(title: str, body: str, commit: Commit | None, changed: Sequence[str]) -> str:
    """The description in Markdown; parts that are empty are left out."""
    title = title.strip()
    parts = [
        f"**{_escaped(_cut(title, _LONGEST_SUBJECT))}**" if title else "",
        _code_block(_cut(body, _LONGEST_BODY)) if body else "",
        _author(commit) if commit else "",
        _list_of_files(changed) if changed else "",
    ]
    return "\n\n".join(filter(None, parts))


def _uncommitted_changes(content: Content) -> list[str]:
    """The changed files and submodules of a dirty version, as ``M app.py``."""
    files = [f"{_letter(each.old, each.new)} {_path(each.path)}" for each in content.changes]
    return [*files, *(f"M {_path(path)}" for path, _ in content.submodules)]


def _read_commit(repository: Repository, commit_id: str | None) -> Commit | None:
    from dulwich.objects import Commit

    try:
        found = repository.repo[commit_id.encode("ascii")] if commit_id else None
    except KeyError:
        return None
    return found if isinstance(found, Commit) else None


def _message(commit: Commit) -> tuple[str, str]:
    """Subject and body, as git separates them: the subject is the first paragraph."""
    paragraph, _, body = _decoded(commit, commit.message).strip().partition("\n\n")
    lines = (printable(line.expandtabs()) for line in body.strip("\n").splitlines())
    return printable(" ".join(paragraph.split())), "\n".join(lines)


def _decoded(commit: Commit, text: bytes) -> str:
    encoding = (commit.encoding or b"utf-8").decode("ascii", "replace")
    try:
        return text.decode(encoding, "replace")
    except LookupError:
        return text.decode("utf-8", "replace")


def _author(commit: Commit) -> str:
    # The address stays here: a name is enough to recognise a version by.
    name = _decoded(commit, commit.author).partition("<")[0].strip()
    try:
        zone = timezone(timedelta(seconds=commit.author_timezone))
        date = datetime.fromtimestamp(commit.author_time, zone).strftime("%Y-%m-%d %H:%M %z")
    except (ValueError, OverflowError, OSError):
        date = "an unknown date"
    return f"{_escaped(_cut(printable(name), _LONGEST_PATH))}, {date}"


def _changed_by(repository: Repository, commit: Commit) -> Iterator[str]:
    """The files that a commit changed from its first parent, as ``M app.py``.

    Nothing if an object is missing, as it is in shallow and partial clones.
    """
    from dulwich.diff_tree import tree_changes

    try:
        parent = _read_commit(repository, commit.parents[0].decode()) if commit.parents else None
        if commit.parents and parent is None:
            return
        before = parent.tree if parent else None
        for change in tree_changes(repository.repo.object_store, before, commit.tree):
            entry = change.new or change.old
            if entry is not None and entry.path is not None:
                yield f"{_letter(change.old, change.new)} {_path(entry.path)}"
    except KeyError:
        return


def _letter(old: object, new: object) -> str:
    """How git names the kind of change."""
    if old is None:
        return "A"
    return "D" if new is None else "M"


def _path(path: bytes) -> str:
    return _cut(printable(path.decode("utf-8", "replace")), _LONGEST_PATH)


def _list_of_files(changed: Sequence[str]) -> str:
    shown = list(changed[:_SHOWN_FILES])
    if len(changed) > len(shown):
        more = len(changed) - len(shown)
        shown.append(f"and {more}{' or more' if len(changed) >= _COUNTED_FILES else ''} others")
    return f"Changed files:\n\n{_code_block(chr(10).join(shown))}"


def _escaped(text: str) -> str:
    return _MARKUP.sub(lambda match: f"&#{ord(match.group())};", text)


def _code_block(text: str) -> str:
    """``text`` in a fence longer than any row of backticks in it, so that nothing can end it."""
    longest = max((len(row) for row in re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}text\n{text}\n{fence}"


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[: longest - 1] + "…"
