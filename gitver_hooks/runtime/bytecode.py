"""Detects bytecode that is older than its source, and that Python loads nevertheless.

Standard library only. Python takes bytecode from ``__pycache__`` if the source had the same size
and the same mtime *in whole seconds* when it was compiled. So an edit that keeps the size, in the
same second as the edit before it, is not loaded if there was an import in between.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# The header of a .pyc file: magic number, flags, mtime and size, of four bytes each (PEP 552).
_HEADER = 16
# Nanoseconds. Between reading a source and writing its bytecode.
_COMPILING = 200_000_000


def remove_outdated_bytecode(namespace: dict[str, Any], path: str, content: bytes) -> bool:
    """Whether the bytecode of a module is not that of ``content``, its source at ``path``.

    If so, it is removed: Python would load it again.
    """
    cached = getattr(namespace.get("__spec__"), "cached", None)
    if not isinstance(cached, str) or not path.endswith(".py"):
        return False
    try:
        source = os.stat(path)
        if os.stat(cached).st_mtime_ns > source.st_mtime_ns + _COMPILING:
            return False
        with open(cached, "rb") as file:
            bytecode = file.read()
    except OSError:
        return False
    if not _is_taken_for(bytecode, source) or _is_compiled_from(bytecode, path, content):
        return False
    try:
        os.unlink(cached)
    except OSError:
        pass
    return True


def _is_taken_for(bytecode: bytes, source: os.stat_result) -> bool:
    """Whether Python takes this bytecode for that of a source with this size and mtime."""
    expected = (0, int(source.st_mtime) & 0xFFFFFFFF, source.st_size & 0xFFFFFFFF)
    fields = (bytecode[4:8], bytecode[8:12], bytecode[12:_HEADER])
    return tuple(int.from_bytes(field, "little") for field in fields) == expected


def _is_compiled_from(bytecode: bytes, path: str, content: bytes) -> bool:
    import marshal

    try:
        code = marshal.loads(bytecode[_HEADER:])
        return bool(code == compile(content, path, "exec", dont_inherit=True))
    except (SyntaxError, ValueError, EOFError, TypeError):
        return False
