"""Computes rules that each directory inherits from the one above it (standard library only)."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar

    Rules = TypeVar("Rules")


def inherited(
    directory: bytes,
    by_directory: dict[bytes, Rules],
    above_root: Rules,
    extend: Callable[[bytes, Rules], Rules],
) -> Rules:
    """The rules in ``directory``, a path from the worktree's root (itself ``b""``).

    ``extend(directory, rules_above)`` returns the rules of one directory. It is called once for
    each, from the root down, and ``by_directory`` caches the results. ``above_root`` are the rules
    that the root inherits.
    """
    missing = []
    while directory not in by_directory:
        missing.append(directory)
        if not directory:
            break
        directory = directory.rpartition(b"/")[0]
    rules = by_directory.get(directory, above_root)
    for name in reversed(missing):
        rules = by_directory[name] = extend(name, rules)
    return rules
