"""Writes the change of one file as a patch for ``git apply``."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator

from gitver_hooks.worktree.content import Change

_NULL_ID = b"0" * 40
# Aligning two files at this product of changed lines takes about a second. Beyond it, all changed
# lines are replaced instead.
_LARGEST_ALIGNMENT = 4_000_000


def write_patch(change: Change, old: str, new: str) -> str:
    """The change from ``old`` to ``new``, as in git-diff(1), "generating patch text with -p".

    The text of a missing side is empty. Where the type changes (a file becomes a symbolic link),
    the result is two patches, as git writes it: one that removes and one that adds.
    """
    if change.old and change.new and _file_type(change.old.mode) != _file_type(change.new.mode):
        removal = _write(Change(change.path, change.old, None), old, "")
        return removal + _write(Change(change.path, None, change.new), "", new)
    return _write(change, old, new)


def quote_path(path: bytes) -> str:
    """``path`` as git quotes it (core.quotePath): in C syntax if it has unusual bytes."""
    if all(32 <= byte < 127 and byte not in (34, 92) for byte in path):
        return path.decode("ascii")
    return '"' + "".join(_quote_byte(byte) for byte in path) + '"'


def unquote_path(text: str) -> bytes:
    """The path that ``quote_path`` has quoted. Raises ValueError for anything else."""
    if not text.startswith('"'):
        path = text.encode("ascii")
    else:
        if len(text) < 2 or not text.endswith('"'):
            raise ValueError("a quoted path without an end")
        path = re.sub(rb"\\([0-7]{3}|.)", _unquoted_byte, text[1:-1].encode("ascii"))
    if quote_path(path) != text:
        raise ValueError("not a quoted path")
    return path


def _write(change: Change, old: str, new: str) -> str:
    old_name, new_name = quote_path(b"a/" + change.path), quote_path(b"b/" + change.path)
    lines = [f"diff --git {old_name} {new_name}\n", *_header(change)]
    old_name = old_name if change.old else "/dev/null"
    new_name = new_name if change.new else "/dev/null"
    hunks = list(_hunks(_lines(old), _lines(new)))
    if hunks:
        lines += [f"--- {old_name}{_tab(old_name)}\n", f"+++ {new_name}{_tab(new_name)}\n", *hunks]
    return "".join(lines)


def _header(change: Change) -> Iterator[str]:
    """The extended header lines: modes and blob ids."""
    same_mode = ""
    if change.new is None and change.old is not None:
        yield f"deleted file mode {change.old.mode:06o}\n"
    elif change.old is None and change.new is not None:
        yield f"new file mode {change.new.mode:06o}\n"
    elif change.old is not None and change.new is not None:
        if change.old.mode == change.new.mode:
            same_mode = f" {change.new.mode:06o}"
        else:
            yield f"old mode {change.old.mode:06o}\nnew mode {change.new.mode:06o}\n"
    old_id = change.old.id if change.old else _NULL_ID
    new_id = change.new.id if change.new else _NULL_ID
    if old_id != new_id:
        yield f"index {old_id.decode()}..{new_id.decode()}{same_mode}\n"


def _file_type(mode: int) -> int:
    return mode & 0o170000


def _tab(name: str) -> str:
    # git ends a name that contains a space with a tab, to mark where the name ends.
    return "\t" if " " in name and not name.startswith('"') else ""


def _lines(text: str) -> list[str]:
    # Not splitlines(): for git, only a newline ends a line.
    lines = text.split("\n")
    unterminated = lines.pop()
    return [f"{line}\n" for line in lines] + ([unterminated] if unterminated else [])


def _hunks(old: list[str], new: list[str]) -> Iterator[str]:
    matcher = difflib.SequenceMatcher(None, "", "")
    matcher.opcodes = _opcodes(old, new)  # type: ignore[attr-defined]
    for group in matcher.get_grouped_opcodes(3):
        (_, old_first, _, new_first, _), (_, _, old_last, _, new_last) = group[0], group[-1]
        yield f"@@ -{_range(old_first, old_last)} +{_range(new_first, new_last)} @@\n"
        for tag, old_start, old_end, new_start, new_end in group:
            if tag == "equal":
                yield from (_line(" ", line) for line in old[old_start:old_end])
                continue
            yield from (_line("-", line) for line in old[old_start:old_end])
            yield from (_line("+", line) for line in new[new_start:new_end])


def _opcodes(old: list[str], new: list[str]) -> list[tuple[str, int, int, int, int]]:
    """Like difflib's ``get_opcodes``, but bounded in time."""
    head = _common_length(old, new)
    tail = _common_length(old[head:][::-1], new[head:][::-1])
    old_end, new_end = len(old) - tail, len(new) - tail
    middle: list[tuple[str, int, int, int, int]]
    if (old_end - head) * (new_end - head) > _LARGEST_ALIGNMENT:
        middle = [("replace", head, old_end, head, new_end)]
    else:
        matcher = difflib.SequenceMatcher(None, old[head:old_end], new[head:new_end], False)
        middle = [
            (tag, old_start + head, old_stop + head, new_start + head, new_stop + head)
            for tag, old_start, old_stop, new_start, new_stop in matcher.get_opcodes()
        ]
    equal_head = [("equal", 0, head, 0, head)] if head else []
    equal_tail = [("equal", old_end, len(old), new_end, len(new))] if tail else []
    return equal_head + middle + equal_tail


def _common_length(old: list[str], new: list[str]) -> int:
    """How many lines at the start of two files are equal."""
    pairs = enumerate(zip(old, new, strict=False))
    shorter = min(len(old), len(new))
    return next((length for length, (old_line, new_line) in pairs if old_line != new_line), shorter)


def _line(sign: str, line: str) -> str:
    if line.endswith("\n"):
        return f"{sign}{line}"
    return f"{sign}{line}\n\\ No newline at end of file\n"


def _range(start: int, end: int) -> str:
    count = end - start
    return f"{start + 1 if count else start},{count}"


_ESCAPES = {7: "a", 8: "b", 9: "t", 10: "n", 11: "v", 12: "f", 13: "r", 34: '"', 92: "\\"}
_UNESCAPED = {code: byte for byte, code in _ESCAPES.items()}


def _quote_byte(byte: int) -> str:
    if byte in _ESCAPES:
        return "\\" + _ESCAPES[byte]
    return chr(byte) if 32 <= byte < 127 else f"\\{byte:03o}"


def _unquoted_byte(escape: re.Match[bytes]) -> bytes:
    code = escape[1].decode("ascii")
    if len(code) == 3:
        return bytes([int(code, 8) & 0xFF])
    return bytes([_UNESCAPED.get(code, ord(code))])
