"""Parses the content of tree and commit objects (git's tree-walk.c and commit.c)."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator


def tree_entries(content: bytes, id_length: int) -> Iterator[tuple[bytes, int, bytes]]:
    """The name, mode and raw id of each entry of a tree. Raises ValueError if it is damaged."""
    at = 0
    while at < len(content):
        space = content.index(b" ", at)
        end = content.index(b"\0", space)
        mode = int(content[at:space], 8)
        at = end + 1 + id_length
        if at > len(content):
            raise ValueError("a tree is cut off")
        yield content[space + 1 : end], mode, content[end + 1 : at]


class CommitContent:
    """A parsed commit: the raw ids of its tree and its parents, its author and its message.

    ``author`` is ``Name <address> seconds zone``; ``encoding`` is None for UTF-8. Raises ValueError
    if the commit is damaged.
    """

    def __init__(self, content: bytes) -> None:
        headers, _, self.message = content.partition(b"\n\n")
        self.parents: list[bytes] = []
        self.author = b""
        self.encoding: bytes | None = None
        tree = None
        for line in headers.split(b"\n"):
            # A line that starts with a space goes on with a signature or a merged tag.
            name, _, value = line.partition(b" ")
            if name == b"tree":
                tree = _raw_id(value)
            elif name == b"parent":
                self.parents.append(_raw_id(value))
            elif name == b"author":
                self.author = value
            elif name == b"encoding":
                self.encoding = value
        if tree is None:
            raise ValueError("a commit without a tree")
        self.tree = tree


def _raw_id(text: bytes) -> bytes:
    return bytes.fromhex(text.decode("ascii"))
