"""Which modules autoreload can bring up to date piece by piece."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from gitver_hooks.runtime.loaded_modules import loaded_after
from gitver_hooks.runtime.partial_reloads import (
    NotingReload,
    computes_nothing,
    note_partial_reloads,
)

_PLAIN = '''
"""A module."""
import os
from json import dumps as to_json

PROMPT: str = "Be brief." "Always."
LIMITS = {"tokens": [1, -2], "price": (0.5 + 1,)}
unset: int

def answer(question, prompt="none", *, limit=3): return os.path, to_json(LIMITS)

class Answer:
    """A class."""
    text = ""
    def shown(self): return self.text
'''


def test_a_module_of_constants_and_plain_definitions_computes_nothing() -> None:
    assert computes_nothing(_PLAIN)


@pytest.mark.parametrize(
    "statement",
    [
        "PROMPT = TEMPLATE",
        "client = Client()",
        "f'{PROMPT}'",
        "del PROMPT",
        "if True: pass",
        "def answer(prompt=PROMPT): pass",
        "def answer(*, prompt=PROMPT): pass",
        "@traced\ndef answer(): pass",
        "class Answer(Base): pass",
        "class Answer(metaclass=Meta): pass",
        "@traced\nclass Answer: pass",
        "class Answer:\n    prompt = PROMPT",
    ],
)
def test_a_module_with_anything_else_computes_something(statement: str) -> None:
    assert not computes_nothing(f"{_PLAIN}\n{statement}\n")


def test_a_module_without_a_known_source_may_compute_anything() -> None:
    assert not computes_nothing("")


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "reloaded_in_part.py").write_text("def answer(): return 1\n")
    yield importlib.import_module("reloaded_in_part")
    del sys.modules["reloaded_in_part"]


@pytest.mark.parametrize(
    ("added", "new", "is_done", "is_noted"),
    [
        ("", "def answer(): return 2", True, True),
        ("TEXT = answer()", "def answer(): return 2\nTEXT = answer()", True, False),
        # Autoreload does not know the source from before: it executes the whole module instead.
        (None, "def answer(): return 2", False, False),
    ],
)
def test_a_reload_in_part_is_noted_if_that_was_all(
    module: ModuleType, added: str | None, new: str, is_done: bool, is_noted: bool
) -> None:
    deduperreload = pytest.importorskip(
        "IPython.extensions.deduperreload.deduperreload", reason="older than IPython 9"
    )
    assert module.__file__
    path, before = Path(module.__file__), loaded_after(module.__name__)
    path.write_text(f"def answer(): return 1\n{added}\n")
    reloader = deduperreload.DeduperReloader()
    if added is not None:
        reloader.update_sources()
    path.write_text(f"{new}\n")
    assert NotingReload(reloader)(module) is is_done
    assert module.answer() == (2 if is_done else 1)
    assert (loaded_after(module.__name__) != before) is is_noted


def test_partial_reloads_are_noted_once_and_only_with_autoreload() -> None:
    pytest.importorskip(
        "IPython.extensions.deduperreload.deduperreload", reason="older than IPython 9"
    )
    from IPython.core.interactiveshell import InteractiveShell

    shell: Any = InteractiveShell()  # type: ignore[no-untyped-call]
    note_partial_reloads(shell)
    shell.extension_manager.load_extension("autoreload")
    reloader = shell.magics_manager.registry["AutoreloadMagics"]._reloader.deduper_reloader
    note_partial_reloads(shell)
    noting = reloader.maybe_reload_module
    assert isinstance(noting, NotingReload)
    note_partial_reloads(shell)
    assert reloader.maybe_reload_module is noting
    # As in older versions of IPython.
    del shell.magics_manager.registry["AutoreloadMagics"]._reloader.deduper_reloader
    note_partial_reloads(shell)
