"""When each module was loaded is noted without coming between the import system and its finders."""

from __future__ import annotations

import importlib
import sys
import time
from collections.abc import Iterator, Sequence
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest

from gitver_hooks.runtime.changed_modules import changed_modules


class _CountingLoader(SourceFileLoader):
    executed = 0

    def exec_module(self, module: ModuleType) -> None:
        self.executed += 1
        super().exec_module(module)


class _Finder:
    """The app's own finder: one module, with one loader for all of its loads."""

    def __init__(self, path: Path) -> None:
        self.name = path.stem
        self.loader = _CountingLoader(self.name, str(path))

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name != self.name:
            return None
        return spec_from_file_location(name, self.loader.path, loader=self.loader)


@pytest.fixture
def finder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[_Finder]:
    path = tmp_path / "found_by_the_app.py"
    path.write_text("VALUE = 1\n")
    finder = _Finder(path)
    # Behind PathFinder, which would find nothing.
    monkeypatch.setattr(sys, "meta_path", [*sys.meta_path, finder])
    importlib.import_module(path.stem)
    yield finder
    del sys.modules[path.stem]


def changed_files(folder: Path) -> list[str]:
    return list(changed_modules(str(folder), time.time_ns()))


def edit(path: Path, text: str) -> None:
    time.sleep(0.05)
    path.write_text(text)
    time.sleep(0.05)


def test_a_reload_uses_the_finder_and_the_loader_of_the_app(
    finder: _Finder, tmp_path: Path
) -> None:
    module, began = sys.modules[finder.name], time.time_ns()
    edit(tmp_path / "found_by_the_app.py", "VALUE = 'two'\n")
    assert changed_files(tmp_path) == ["found_by_the_app.py"]
    assert importlib.reload(module) is module
    assert (module.VALUE, finder.loader.executed) == ("two", 2)
    assert module.__loader__ is finder.loader
    assert module.__spec__ is not None
    assert module.__spec__.loader is finder.loader
    # Loaded since, but the version may have been established before the edit.
    assert list(changed_modules(str(tmp_path), began)) == ["found_by_the_app.py"]
    assert changed_files(tmp_path) == []
    edit(tmp_path / "found_by_the_app.py", "VALUE = 'two'\n")
    assert list(changed_modules(str(tmp_path), began)) == ["found_by_the_app.py"]
    assert changed_files(tmp_path) == []


def test_a_failing_reload_fails_as_ever_and_counts_as_not_loaded(
    finder: _Finder, tmp_path: Path
) -> None:
    module = sys.modules[finder.name]
    edit(tmp_path / "found_by_the_app.py", "raise KeyError('the app itself')\n")
    with pytest.raises(KeyError, match="the app itself"):
        importlib.reload(module)
    assert module.__loader__ is finder.loader
    assert module.__spec__ is not None
    assert module.__spec__.loader is finder.loader
    assert changed_files(tmp_path) == ["found_by_the_app.py"]


def test_a_reload_of_what_is_gone_fails_as_ever(finder: _Finder) -> None:
    module, finder.name = sys.modules[finder.name], "another"
    with pytest.raises(ModuleNotFoundError, match="spec not found for the module"):
        importlib.reload(module)


@pytest.mark.filterwarnings("ignore::ImportWarning")
def test_a_finder_of_an_old_kind_does_not_stop_a_reload(
    finder: _Finder, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Old:
        def find_module(self, name: str, path: object = None) -> None:
            """What Python asked for before 3.12."""

    monkeypatch.setattr(sys, "meta_path", [sys.meta_path[0], Old(), *sys.meta_path[1:]])
    module = sys.modules[finder.name]
    assert importlib.reload(module) is module
    assert finder.loader.executed == 2


@pytest.mark.parametrize("name", ["_weakref", "zipimport"])
def test_built_in_and_frozen_modules_can_be_reloaded(name: str) -> None:
    module = importlib.import_module(name)
    loader = module.__loader__
    assert importlib.reload(module) is module
    assert module.__loader__ is loader
