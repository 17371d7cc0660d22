"""What a module has imported from another one is compared with what is there now."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

from gitver_hooks.runtime.copied_names import outdated_copy

_SOURCE = """
from logging import getLogger
from unittest.mock import ANY

TEXT = "one"
LIST = ["one"]
NUMBER = 1

def answer(prompt="one"): return prompt

class Answer:
    text = "one"
    def shown(self): return self.text

class Odd:
    def __eq__(self, other): raise RuntimeError

# Equal to everything, whoever compares.
ANYTHING = type(ANY)()
ODD = [Odd()]
LOG = getLogger("log")
"""


@pytest.fixture
def load(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[str, str], ModuleType]]:
    """``load(name, source)``: a module of ``pkg``, which is loaded again if it exists."""
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    (tmp_path / "pkg").mkdir()

    def load(name: str, source: str) -> ModuleType:
        (tmp_path / "pkg" / f"{name}.py").write_text(source)
        importlib.invalidate_caches()
        if f"pkg.{name}" in sys.modules:
            return importlib.reload(sys.modules[f"pkg.{name}"])
        return importlib.import_module(f"pkg.{name}")

    yield load
    for name in [name for name in sys.modules if name.partition(".")[0] == "pkg"]:
        del sys.modules[name]


@pytest.mark.parametrize(
    ("statement", "now", "copy"),
    [
        ("from pkg.one import TEXT", 'TEXT = "two"', "pkg.one.TEXT"),
        ("from .one import TEXT as OTHER", 'TEXT = "two"', "pkg.one.TEXT"),
        ("from .one import *", 'LIST = ["one", "two"]', "pkg.one.LIST"),
        ("from .one import *", 'def answer(prompt="two"): return prompt', "pkg.one.answer"),
        ("if 1:\n    from .one import Answer", "class Answer: pass", "pkg.one.Answer"),
        ("from .one import TEXT", "del TEXT", "pkg.one.TEXT"),
        ("from .one import TEXT, LIST, answer, Answer", "", None),
        ("from . import one", 'TEXT = "two"', None),
        ("def later():\n    from .one import TEXT", 'TEXT = "two"', None),
        ("def later():\n    from .one import TEXT\nTEXT = 1", 'TEXT = "two"', None),
        ("from .one import TEXT\ndel TEXT", 'TEXT = "two"', None),
        ("from .one import NUMBER", "NUMBER = 1.0", "pkg.one.NUMBER"),
        ("from .one import answer", 'def answer(prompt="one"): return 1', "pkg.one.answer"),
        ("from .one import *", '__all__ = ["LIST"]\nTEXT = "two"', None),
        ("from .one import ANYTHING", "", "pkg.one.ANYTHING"),
        ("from .one import ODD", "", "pkg.one.ODD"),
        ("from .one import LOG", "", None),
    ],
)
def test_a_copy_is_outdated_if_the_original_has_changed(
    load: Callable[[str, str], ModuleType], statement: str, now: str, copy: str | None
) -> None:
    load("one", _SOURCE)
    holder = load("holder", statement)
    assert holder.__file__
    load("one", f"{_SOURCE}\n{now}\n")
    assert outdated_copy(holder.__dict__, holder.__file__, {"pkg.one": 1}) == copy
    assert outdated_copy(holder.__dict__, holder.__file__, {}) is None


def test_another_default_makes_another_function(load: Callable[[str, str], ModuleType]) -> None:
    load("one", _SOURCE)
    holder = load("holder", "from .one import answer")
    assert holder.__file__
    load("one", _SOURCE.replace('prompt="one"', 'prompt="two"'))
    assert outdated_copy(holder.__dict__, holder.__file__, {"pkg.one": 1}) == "pkg.one.answer"


def test_a_module_that_cannot_be_read_any_more_has_no_copies(
    load: Callable[[str, str], ModuleType],
) -> None:
    load("one", _SOURCE)
    holder = load("holder", "from .one import TEXT")
    assert holder.__file__
    load("one", 'TEXT = "two"')
    copy = "pkg.one.TEXT"
    assert outdated_copy(holder.__dict__, holder.__file__, {"pkg.one": 1}) == copy
    Path(holder.__file__).write_text("from .one import (\n")
    assert outdated_copy(holder.__dict__, holder.__file__, {"pkg.one": 1}) is None
    Path(holder.__file__).unlink()
    assert outdated_copy(holder.__dict__, holder.__file__, {"pkg.one": 1}) is None


def test_a_module_that_was_removed_after_its_reload_is_not_compared(
    load: Callable[[str, str], ModuleType],
) -> None:
    load("one", _SOURCE)
    holder = load("holder", "from .one import TEXT")
    assert holder.__file__
    load("one", 'TEXT = "two"')
    del sys.modules["pkg.one"]
    assert outdated_copy(holder.__dict__, holder.__file__, {"pkg.one": 1}) is None
