"""Checks scripts that are executed without being imported against their files.

Standard library only. Frameworks such as Streamlit execute their main script again and again in one
process, from a cache of its code. To find out which content was executed, the file is compiled: if
that gives the code that a frame is executing, the script is as on disk. This is then noted in the
script's own namespace, because functions and threads of the script outlive its execution.
"""

from __future__ import annotations

import sys
from _thread import get_ident

from gitver_hooks.runtime.bytecode import remove_outdated_bytecode
from gitver_hooks.runtime.file_contents import TICK, content_of, last_change
from gitver_hooks.runtime.process_start import BEFORE_THIS_PROCESS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import CodeType, FrameType
    from typing import Any

_NOTE = "__gitver_content__"


class _Note:
    """The hash of the content that was executed in a namespace.

    ``is_another``: something else was executed in the same namespace before.
    """

    __slots__ = ("content", "is_another")

    def __init__(self, content: int, is_another: bool) -> None:
        self.content = content
        self.is_another = is_another


def executed_scripts() -> list[dict[str, Any]]:
    """The namespaces of the scripts whose code calls this function, else that of ``__main__``."""
    namespaces: dict[int, dict[str, Any]] = {}
    for frame in _frames():
        if _is_of_a_script(frame.f_globals):
            namespaces[id(frame.f_globals)] = frame.f_globals
    if not namespaces and "__main__" in sys.modules:
        return [sys.modules["__main__"].__dict__]
    return list(namespaces.values())


def verify_script(namespace: dict[str, Any], path: str, began: int) -> bool:
    """Whether what was executed in ``namespace`` is what ``path`` has contained since ``began``.

    If so, the content is noted in the namespace. ``began`` is in nanoseconds since the epoch.
    ``namespace`` may also be that of a module whose look-up was not noted, such as the one that
    imports the shim.
    """
    changed = last_change(path)
    if changed > began - TICK:
        return False
    note: _Note | None = namespace.get(_NOTE)
    if changed <= BEFORE_THIS_PROCESS and note is not None:
        return True
    content = content_of(path)
    if last_change(path) != changed:
        return False
    if changed <= BEFORE_THIS_PROCESS:
        current = content is None or not remove_outdated_bytecode(namespace, path, content)
    elif content is None:
        current = False
    elif note is not None and note.content == hash(content):
        return not (note.is_another and _is_executed_by_another_thread(namespace, path, content))
    else:
        current = _is_being_executed(namespace, path, content)
    if current:
        namespace[_NOTE] = _Note(hash(content), note is not None)
    return current


def _is_executed_by_another_thread(namespace: dict[str, Any], path: str, content: bytes) -> bool:
    """Whether some of the namespace may still be what was executed in it before.

    The main thread of a server such as Gradio's stays in the script that has started it, which was
    executed up to there before any other; so there, only the present ``content`` counts.
    """
    threading: Any = sys.modules.get("threading")
    main = threading.main_thread().ident if threading else None
    return any(
        frame.f_globals is namespace
        and frame.f_code.co_name == "<module>"
        and (thread != main or _is_compiled_from(frame.f_code, path, content))
        for thread, top in sys._current_frames().items()
        if thread != get_ident()
        for frame in _frames(top)
    )


def _is_being_executed(namespace: dict[str, Any], path: str, content: bytes) -> bool:
    """Whether ``content`` is what the caller is executing in ``namespace``."""
    return any(
        frame.f_globals is namespace
        and frame.f_code.co_name == "<module>"
        and _is_compiled_from(frame.f_code, path, content)
        for frame in _frames()
    )


def _frames(frame: FrameType | None = None) -> Iterator[FrameType]:
    """Those of this thread, or from ``frame`` down."""
    if frame is None:
        frame = sys._getframe(1)
    while frame is not None:
        yield frame
        frame = frame.f_back


def _is_of_a_script(namespace: dict[str, Any]) -> bool:
    name, file = namespace.get("__name__"), namespace.get("__file__")
    module = sys.modules.get(name) if isinstance(name, str) else None
    if name != "__main__" and getattr(module, "__dict__", None) is namespace:
        return False
    return isinstance(file, str)


def _is_compiled_from(code: CodeType, path: str, content: bytes) -> bool:
    """Whether compiling ``content`` gives ``code``, as Python or as Streamlit compiles it."""
    import __future__

    features = (getattr(__future__, name) for name in __future__.all_feature_names)
    flags = code.co_flags & sum({feature.compiler_flag for feature in features})
    try:
        if code == compile(content, path, "exec", flags, dont_inherit=True):
            return True
        magic = sys.modules.get("streamlit.runtime.scriptrunner.magic")
        if magic is None:
            return False
        tree = magic.add_magic(content.decode(), path)
        return bool(code == compile(tree, path, "exec", flags, dont_inherit=True))
    except Exception:
        # Whatever cannot be compiled is not what is being executed.
        return False
