"""Rules that each directory inherits from the one above it (standard library only)."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar

    Rules = TypeVar("Rules")


def inherited(
    directory: bytes,
    known: dict[bytes, Rules],
    top: Rules,
    extend: Callable[[bytes, Rules], Rules],
) -> Rules:
    """The rules in ``directory``, a path from the worktree's root (itself ``b""``).

    ``extend(directory, rules_above)`` gives the rules of one directory; it is called once for each,
    from the root down. ``known`` keeps the results, and ``top`` are the rules above the root.
    """
    missing = []
    while directory not in known:
        missing.append(directory)
        if not directory:
            break
        directory = directory.rpartition(b"/")[0]
    rules = known.get(directory, top)
    for name in reversed(missing):
        rules = known[name] = extend(name, rules)
    return rules
