"""A script that its framework executes, again and again, is compared with its file."""

from __future__ import annotations

import importlib
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from gitver_hooks.runtime.changed_modules import changed_modules
from gitver_hooks.runtime.executed_scripts import verify_script

_SOURCE = """
VALUE = {value}
here = check()

def later():
    return check()

elsewhere = in_another_thread(later)
"""

_SERVING = """
VALUE = {value}
check()

def later():
    return check()

serve()
"""


class Framework:
    """Executes a script in the way of Streamlit: from its file, in a new namespace each time."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "script.py"

    def new_namespace(self) -> dict[str, Any]:
        return {
            "__name__": "__main__",
            "__file__": str(self.path),
            "check": lambda: list(changed_modules(str(self.path.parent), time.time_ns())),
            "in_another_thread": in_another_thread,
        }

    def write(self, value: int, source: str = _SOURCE) -> str:
        time.sleep(0.05)
        source = source.format(value=value)
        self.path.write_text(source)
        time.sleep(0.05)
        return source


def in_another_thread(function: Callable[[], list[str]]) -> list[str]:
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(function).result()


@pytest.fixture
def framework(tmp_path: Path) -> Framework:
    return Framework(tmp_path)


def test_what_is_executed_from_the_file_is_current(framework: Framework) -> None:
    for value in (1, 2):
        # Executed as a string, it also inherits this module's features of the future.
        source = framework.write(value)
        namespace = framework.new_namespace()
        exec(source, namespace)
        assert namespace["VALUE"] == value
        assert namespace["here"] == namespace["elsewhere"] == namespace["later"]() == []


def test_an_edit_after_the_version_was_established_is_a_change(framework: Framework) -> None:
    began = time.time_ns()
    namespace = framework.new_namespace()
    exec(framework.write(1), namespace)
    assert verify_script(namespace, str(framework.path), time.time_ns())
    assert not verify_script(namespace, str(framework.path), began)


def test_what_is_executed_from_a_cache_is_not(framework: Framework) -> None:
    source = framework.write(1)
    framework.write(2)
    namespace = framework.new_namespace()
    exec(source, namespace)
    assert namespace["here"] == namespace["elsewhere"] == namespace["later"]() == ["script.py"]


def test_functions_of_an_earlier_execution_are_not_current(framework: Framework) -> None:
    earlier, now = framework.new_namespace(), framework.new_namespace()
    exec(framework.write(1), earlier)
    exec(framework.write(2), now)
    assert earlier["later"]() == ["script.py"]
    assert now["later"]() == []
    framework.write(1)
    assert earlier["later"]() == []
    assert now["later"]() == ["script.py"]


def test_a_namespace_is_current_once_it_has_been_executed_again_completely(
    framework: Framework,
) -> None:
    namespace = framework.new_namespace()
    exec(framework.write(1), namespace)
    exec(framework.write(2), namespace)
    assert namespace["here"] == []
    assert namespace["elsewhere"] == ["script.py"]
    assert namespace["later"]() == []


def test_a_server_in_the_main_thread_runs_what_another_thread_has_executed_since(
    framework: Framework,
) -> None:
    namespace = framework.new_namespace()
    answers: list[list[str]] = []

    def execute_again() -> list[str]:
        exec(framework.write(2, _SERVING), namespace)
        return []

    def serve() -> None:
        namespace["serve"] = lambda: None
        in_another_thread(execute_again)
        answers.append(in_another_thread(namespace["later"]))

    namespace["serve"] = serve
    exec(framework.write(1, _SERVING), namespace)
    assert namespace["VALUE"] == 2
    assert answers == [[]]


def test_a_script_that_cannot_be_compiled_or_is_gone_has_changed(framework: Framework) -> None:
    source = framework.write(1)
    framework.path.write_text("VALUE = (\n")
    time.sleep(0.05)
    namespace = framework.new_namespace()
    exec(source, namespace)
    assert namespace["here"] == ["script.py"]
    framework.path.unlink()
    assert namespace["later"]() == ["script.py"]


def test_a_thread_of_its_own_belongs_to_the_main_script(
    framework: Framework, monkeypatch: pytest.MonkeyPatch
) -> None:
    framework.write(1)
    main = ModuleType("__main__")
    main.__dict__.update(framework.new_namespace())
    monkeypatch.setitem(sys.modules, "__main__", main)
    assert in_another_thread(main.check) == ["script.py"]
    monkeypatch.delitem(sys.modules, "__main__")
    assert in_another_thread(main.check) == []


def test_an_imported_module_that_asks_is_no_script(
    framework: Framework, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(framework.path.parent)
    framework.path.write_text("def ask(check):\n    return check()\n")
    module = importlib.import_module("script")
    try:
        time.sleep(0.05)
        framework.path.write_text("def ask(check):\n    return [*check()]\n")
        time.sleep(0.05)
        assert module.ask(framework.new_namespace()["check"]) == ["script.py"]
        importlib.reload(module)
        assert module.ask(framework.new_namespace()["check"]) == []
    finally:
        del sys.modules["script"]
