"""Bytecode that Python takes although its source has changed within a second."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

from gitver_hooks.runtime.bytecode import remove_outdated_bytecode

_SECOND = 1_000_000_000


class Compiled:
    """A module whose bytecode was written in the second in which its source was changed."""

    def __init__(self, module: ModuleType) -> None:
        assert module.__file__ and module.__cached__
        self.namespace = module.__dict__
        self.source = Path(module.__file__)
        self.bytecode = Path(module.__cached__)
        self.edit(self.source.read_text())

    def edit(self, text: str) -> None:
        """Change the source, and keep the times that are in the bytecode."""
        compiled = int.from_bytes(self.bytecode.read_bytes()[8:12], "little") * _SECOND
        self.source.write_text(text)
        os.utime(self.source, ns=(compiled, compiled))
        os.utime(self.bytecode, ns=(compiled, compiled))

    def remove_outdated_bytecode(self) -> bool:
        content = self.source.read_bytes()
        return remove_outdated_bytecode(self.namespace, str(self.source), content)


@pytest.fixture
def compiled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Compiled]:
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    (tmp_path / "compiled_once.py").write_text("NUMBER = 1\n")
    yield Compiled(importlib.import_module("compiled_once"))
    del sys.modules["compiled_once"]


def test_bytecode_of_an_edit_of_the_same_size_and_second_is_removed(compiled: Compiled) -> None:
    compiled.edit("NUMBER = 2\n")
    importlib.reload(sys.modules["compiled_once"])
    assert compiled.namespace["NUMBER"] == 1, "this Python reads the source: the rule is not needed"
    assert compiled.remove_outdated_bytecode()
    assert not compiled.bytecode.exists()
    importlib.reload(sys.modules["compiled_once"])
    assert compiled.namespace["NUMBER"] == 2


def test_bytecode_of_the_source_stays(compiled: Compiled) -> None:
    assert not compiled.remove_outdated_bytecode()
    assert compiled.bytecode.exists()


def test_a_source_that_does_not_compile_has_no_bytecode(compiled: Compiled) -> None:
    compiled.edit("NUMBER = (\n")
    assert compiled.remove_outdated_bytecode()


def test_bytecode_that_was_cut_off_is_removed(compiled: Compiled) -> None:
    compiled.bytecode.write_bytes(compiled.bytecode.read_bytes()[:30])
    compiled.edit("NUMBER = 1\n")
    assert compiled.remove_outdated_bytecode()


def _edit_to_another_size(compiled: Compiled) -> None:
    compiled.edit("NUMBER = 20\n")


def _edit_in_another_second(compiled: Compiled) -> None:
    compiled.edit("NUMBER = 2\n")
    later = compiled.source.stat().st_mtime_ns + _SECOND
    os.utime(compiled.source, ns=(later, later))


def _compile_long_after_the_edit(compiled: Compiled) -> None:
    compiled.edit("NUMBER = 2\n")
    later = compiled.source.stat().st_mtime_ns + _SECOND
    os.utime(compiled.bytecode, ns=(later, later))


def _compare_by_hash(compiled: Compiled) -> None:
    content = bytearray(compiled.bytecode.read_bytes())
    content[4] = 0b11  # PEP 552
    compiled.bytecode.write_bytes(content)
    compiled.edit("NUMBER = 2\n")


@pytest.mark.parametrize(
    "change",
    [
        _edit_to_another_size,
        _edit_in_another_second,
        _compile_long_after_the_edit,
        _compare_by_hash,
    ],
)
def test_bytecode_that_is_not_taken_or_was_compiled_later_stays(
    compiled: Compiled, change: Callable[[Compiled], None]
) -> None:
    change(compiled)
    assert not compiled.remove_outdated_bytecode()
    assert compiled.bytecode.exists()


def test_a_module_without_bytecode_has_none_to_remove(compiled: Compiled) -> None:
    compiled.edit("NUMBER = 2\n")
    source, content = str(compiled.source), compiled.source.read_bytes()
    assert not remove_outdated_bytecode({"__file__": source}, source, content)
    assert not remove_outdated_bytecode(compiled.namespace, source[: -len(".py")], content)
    compiled.bytecode.unlink()
    assert not compiled.remove_outdated_bytecode()
