"""The diff of a dirty version: in a form ``git apply`` takes, bounded, without secrets."""

from __future__ import annotations

import difflib
import fnmatch
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from gitver_hooks.repository.repository import Repository
from gitver_hooks.worktree.content import Change, Content, read_new_blob, read_old_blob

# SQL stores take tags of 100,000 characters (measured); a margin for what is said beside the diff.
LARGEST_DIFF = 90_000
_LARGEST_FILE = 1_000_000
# Where aligning two files costs more than a second, all lines are replaced instead.
_LARGEST_ALIGNMENT = 4_000_000

SECRET_PATTERNS = (
    ".env*",
    "*.pem",
    "*.key",
    "id_rsa*",
    "id_dsa*",
    "id_ecdsa*",
    "id_ed25519*",
    "credentials*",
    ".netrc",
    ".pypirc",
    ".npmrc",
)

_SUBMODULE = 0o160000
_NULL_ID = b"0" * 40


@dataclass(frozen=True)
class _Shown:
    """A change as a patch, or the reason why it is not shown."""

    change: Change
    patch: str = ""
    reason: str = ""


def write_diff(
    repository: Repository,
    content: Content,
    *,
    secrets: Iterable[str] = (),
    largest: int = LARGEST_DIFF,
) -> str:
    """The changes from HEAD to the worktree as one patch of at most ``largest`` characters.

    Tracked changes and untracked text files alike. What is not shown is named in lines that start
    with ``#``, which ``git apply`` passes over: files whose name matches ``secrets`` or the
    built-in patterns, binary files with their blob id, and what would go beyond the bound.
    """
    patterns = (*SECRET_PATTERNS, *secrets)
    patches: list[str] = []
    notes: list[str] = []
    room = largest - 1_000
    left_out = 0
    for shown in _all_shown(repository, content, patterns):
        if shown.patch and len(shown.patch) <= room:
            patches.append(shown.patch)
            room -= len(shown.patch)
            continue
        reason = f"not shown ({shown.reason})" if shown.reason else "cut (no room for it)"
        note = f"# {reason}: {_quoted(shown.change.path)}\n"
        if len(note) <= room:
            notes.append(note)
            room -= len(note)
        else:
            left_out += 1
    if left_out:
        notes.append(f"# cut: {left_out} more changed files\n")
    return "".join(patches + notes)


def _all_shown(
    repository: Repository, content: Content, patterns: tuple[str, ...]
) -> Iterator[_Shown]:
    for change in content.changes:
        if _is_secret(change.path, patterns):
            yield _Shown(change, reason="may hold a secret")
            continue
        yield _show(repository, change)
    for path, _ in content.submodules:
        submodule = Change(path, None, None)
        yield _Shown(submodule, reason="submodule with changes of its own")


def _is_secret(path: bytes, patterns: tuple[str, ...]) -> bool:
    text = path.decode("utf-8", "replace")
    parts = text.split("/")
    return any(
        fnmatch.fnmatchcase(text, pattern)
        or any(fnmatch.fnmatchcase(part.lower(), pattern.lower()) for part in parts)
        for pattern in patterns
    )


def _show(repository: Repository, change: Change) -> _Shown:
    old = _text_of(read_old_blob(repository, change)) if _is_file(change.old) else ""
    new = _text_of(read_new_blob(repository, change)) if _is_file(change.new) else ""
    if old is None or new is None:
        blob = change.new.id.decode("ascii") if change.new else "deleted"
        return _Shown(change, reason=f"binary or very large, blob {blob}")
    if change.old and change.new and _kind(change.old.mode) != _kind(change.new.mode):
        removed = Change(change.path, change.old, None)
        added = Change(change.path, None, change.new)
        patch = _patch(removed, _side(old, change.old), "") + _patch(
            added, "", _side(new, change.new)
        )
    else:
        patch = _patch(change, _side(old, change.old), _side(new, change.new))
    return _Shown(change, patch=patch)


def _is_file(entry: object) -> bool:
    return entry is not None and getattr(entry, "mode", 0) != _SUBMODULE


def _kind(mode: int) -> int:
    return mode & 0o170000


def _side(text: str, entry: object) -> str:
    if entry is not None and getattr(entry, "mode", 0) == _SUBMODULE:
        return f"Subproject commit {entry.id.decode('ascii')}\n"  # type: ignore[attr-defined]
    return text


def _text_of(blob: bytes | None) -> str | None:
    if blob is None or len(blob) > _LARGEST_FILE or b"\0" in blob:
        return None
    try:
        return blob.decode("utf-8")
    except UnicodeDecodeError:
        return None


def _patch(change: Change, old: str, new: str) -> str:
    """One file's part of the patch, as git-diff(1) writes it ("generating patch text")."""
    before, after = _quoted(b"a/" + change.path), _quoted(b"b/" + change.path)
    old_id = change.old.id if change.old else _NULL_ID
    new_id = change.new.id if change.new else _NULL_ID
    lines = [f"diff --git {before} {after}\n"]
    if change.old is None and change.new is not None:
        lines.append(f"new file mode {change.new.mode:06o}\n")
        before = "/dev/null"
    elif change.new is None and change.old is not None:
        lines.append(f"deleted file mode {change.old.mode:06o}\n")
        after = "/dev/null"
    elif change.old and change.new and change.old.mode != change.new.mode:
        lines.append(f"old mode {change.old.mode:06o}\nnew mode {change.new.mode:06o}\n")
    if old_id != new_id:
        suffix = f" {change.new.mode:06o}" if _same_mode(change) and change.new else ""
        lines.append(f"index {old_id.decode()}..{new_id.decode()}{suffix}\n")
    hunks = list(_hunks(_lines(old), _lines(new)))
    if hunks:
        lines += [f"--- {before}{_tab(before)}\n", f"+++ {after}{_tab(after)}\n", *hunks]
    return "".join(lines)


def _same_mode(change: Change) -> bool:
    return bool(change.old and change.new and change.old.mode == change.new.mode)


def _tab(name: str) -> str:
    # git ends a name that holds a space with a tab, so that the name's end can be told.
    return "\t" if " " in name and not name.startswith('"') else ""


def _lines(text: str) -> list[str]:
    # Not splitlines(): for git a line ends with a newline and with nothing else.
    lines = text.split("\n")
    last = lines.pop()
    return [f"{line}\n" for line in lines] + ([last] if last else [])


def _hunks(old: list[str], new: list[str]) -> Iterator[str]:
    matcher = difflib.SequenceMatcher(None, "", "")
    matcher.opcodes = _opcodes(old, new)  # type: ignore[attr-defined]
    for group in matcher.get_grouped_opcodes(3):
        first, last = group[0], group[-1]
        yield f"@@ -{_range(first[1], last[2])} +{_range(first[3], last[4])} @@\n"
        for tag, old_start, old_end, new_start, new_end in group:
            if tag == "equal":
                yield from (_line(" ", line) for line in old[old_start:old_end])
                continue
            yield from (_line("-", line) for line in old[old_start:old_end])
            yield from (_line("+", line) for line in new[new_start:new_end])


def _opcodes(old: list[str], new: list[str]) -> list[tuple[str, int, int, int, int]]:
    """As difflib's ``get_opcodes``, with a bound on the time the alignment can take."""
    shorter = min(len(old), len(new))
    head = next((n for n in range(shorter) if old[n] != new[n]), shorter)
    tail = next((n for n in range(shorter - head) if old[-1 - n] != new[-1 - n]), shorter - head)
    old_end, new_end = len(old) - tail, len(new) - tail
    middle: list[tuple[str, int, int, int, int]]
    if (old_end - head) * (new_end - head) > _LARGEST_ALIGNMENT:
        middle = [("replace", head, old_end, head, new_end)]
    else:
        matcher = difflib.SequenceMatcher(None, old[head:old_end], new[head:new_end], False)
        middle = [
            (tag, a + head, b + head, c + head, d + head)
            for tag, a, b, c, d in matcher.get_opcodes()
        ]
    first = [("equal", 0, head, 0, head)] if head else []
    last = [("equal", old_end, len(old), new_end, len(new))] if tail else []
    return first + middle + last


def _line(sign: str, line: str) -> str:
    return (
        f"{sign}{line}" if line.endswith("\n") else f"{sign}{line}\n\\ No newline at end of file\n"
    )


def _range(start: int, end: int) -> str:
    count = end - start
    return f"{start + 1 if count else start},{count}"


_ESCAPES = {7: "a", 8: "b", 9: "t", 10: "n", 11: "v", 12: "f", 13: "r", 34: '"', 92: "\\"}


def _quoted(path: bytes) -> str:
    """``path`` as git quotes it (core.quotePath): C-style where a byte would be unusual."""
    if all(32 <= byte < 127 and byte not in (34, 92) for byte in path):
        return path.decode("ascii")
    return '"' + "".join(_quoted_byte(byte) for byte in path) + '"'


def _quoted_byte(byte: int) -> str:
    if byte in _ESCAPES:
        return "\\" + _ESCAPES[byte]
    return chr(byte) if 32 <= byte < 127 else f"\\{byte:03o}"
